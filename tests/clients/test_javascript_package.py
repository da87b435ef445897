"""The JavaScript client as an installed package, and its documents."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.node_client import NODE, find_node
from yolk.testing import Server

CLIENT = ROOT / "web" / "client"
BLOCK = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPES = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--lib",
    "es2022,dom",
]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)


async def run(*command: str, cwd: Path) -> str:
    """Run a command, and return its output."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pack the client, and install it into an empty folder with the programs of the documents."""
    find_node()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm; `make test` says how to have it")
    packed, folder = tmp_path_factory.mktemp("packed"), tmp_path_factory.mktemp("installed")
    quiet = ("--silent", "--offline", "--no-audit", "--no-fund")
    for arguments, cwd in (
        (("pack", "--silent", "--pack-destination", str(packed)), CLIENT),
        (("install", *quiet, str(packed / "yolk-im-client-0.2.0.tgz")), folder),
    ):
        subprocess.run(
            [npm, *arguments], cwd=cwd, check=True, timeout=60, stdout=subprocess.DEVNULL
        )
    (folder / "node_modules" / "ws").symlink_to(NODE / "node_modules" / "ws")
    text = (ROOT / "docs" / "javascript-client.md").read_text(encoding="utf-8")
    for code in BLOCK.findall(text):
        named = re.match(r"// (\w+\.mjs):", code)
        if named:
            (folder / named[1]).write_text(code, encoding="utf-8")
    return folder


@asynccontextmanager
async def running(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program from the documents."""
    process = await asyncio.create_subprocess_exec(
        *(find_node(), *arguments), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: asyncio.subprocess.Process) -> str:
    """Return the next line of its output."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().rstrip("\n")


def test_the_package_has_what_it_needs_and_no_more(installed: Path) -> None:
    """The package has code, types, README and the licence of Yolk."""
    package = installed / "node_modules" / "yolk-im-client"
    expected = {"LICENSE", "README.md", "package.json", "yolk.d.ts", "yolk.js"}

    assert {path.name for path in package.iterdir()} == expected
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "dependencies" not in json.loads((package / "package.json").read_text())


async def test_the_types_hold(installed: Path) -> None:
    """A strict compiler accepts a program that uses everything, and reports the errors in it."""
    shutil.copy(NODE / "client_types.ts", installed / "types.mts")
    compiler = str(NODE / "node_modules" / "typescript" / "bin" / "tsc")

    await run(find_node(), compiler, *TYPES, "types.mts", cwd=installed)


async def test_talking(server: Server, installed: Path) -> None:
    """The first example of docs/javascript-client.md chats."""
    ada, grace = await server.user("ada"), await server.user("grace")
    names = (ada.username, ada.password, grace.username)
    his = await grace.connect()
    async with running(installed, "talk.mjs", server.url, *names) as talk:
        assert talk.stdin is not None
        talk.stdin.write("你好\n".encode())
        assert (await his.wait_for(type="message"))["data"]["data"] == "你好"
        assert await line(talk) == "> 你好"
        await his.request("send", to_id=ada.id, cid="1", data="hello")
        assert await line(talk) == "hello"


async def test_sending_a_file(server: Server, installed: Path) -> None:
    """The example for files uploads a picture, sends it, prints a link, and exits."""
    ada, grace = await server.user("ada"), await server.user("grace")
    (installed / "pixel.png").write_bytes(PIXEL)
    names = (ada.username, ada.password, grace.username)
    his = await grace.connect()
    async with running(installed, "send_file.mjs", server.url, *names, "pixel.png") as sending:
        message = (await his.wait_for(type="message"))["data"]
        assert (await line(sending)).startswith(f"{server.url}{message['data']}?")
        assert await sending.wait() == 0

    assert message["type"] == "image"


async def test_a_bot(server: Server, installed: Path, tmp_path: Path) -> None:
    """The echo bot answers, also to messages that were sent while it was stopped."""
    ada, bot = await server.user("ada"), await server.user("echo")
    command = ("echo.mjs", server.url, bot.username, bot.password, str(tmp_path / "echo.json"))
    hers = await ada.connect()

    await hers.request("presence", users=[bot.id])
    async with running(installed, *command):
        await hers.wait_for(type="presence")
        await hers.request("send", to_id=bot.id, cid="1", data="one")
        assert (await hers.wait_for(type="message"))["data"]["data"] == "one"
    await hers.request("send", to_id=bot.id, cid="2", data="two")
    async with running(installed, *command):
        # Killed right after an answer, it may repeat that answer.
        while (await hers.wait_for(type="message"))["data"]["data"] != "two":
            pass


async def test_adapters_of_a_mini_program(server: Server, installed: Path) -> None:
    """The adapters for uni-app in the README work, on a `uni` made with Node."""
    ada, grace = await server.user("ada"), await server.user("grace")
    text = (CLIENT / "README.md").read_text(encoding="utf-8")
    adapters = next(code for code in BLOCK.findall(text) if "function openSocket" in code)
    adapters = adapters.replace("https://chat.example.com", server.url)
    program = f"import './uni.mjs';\n{adapters}\n{(NODE / 'mini_program.mjs').read_text()}"
    shutil.copy(NODE / "uni.mjs", installed)
    (installed / "mini_program.mjs").write_text(program)
    his = await grace.connect()
    names = (ada.username, ada.password, str(grace.id))
    async with running(installed, "mini_program.mjs", *names) as talk:
        assert (await his.wait_for(type="message"))["data"]["data"] == "from a mini-program"
        await his.request("send", to_id=ada.id, cid="1", data="hello")
        assert await line(talk) == "hello"
        assert await talk.wait() == 0
