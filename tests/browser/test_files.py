"""Sending pictures and files on the page, and errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.person import STORED
from tests.browser.visitors import (
    Visit,
    Visitor,
    file_of,
)
from tests.copies import copy_chat
from tests.servers import ChatServer
from tests.uploads import incoming, picture, uploaded
from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

KIB = 1024
LIMITS = """\
files = {"image_bytes": 512 * 1024, "refused_types": ("application/zip",)}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat that refuses large pictures and ZIP files."""
    folder = tmp_path_factory.mktemp("files")
    root = copy_chat(folder, {"config/config_local.py": LIMITS})
    running = ChatServer(root, folder / "data").start()
    yield running
    running.stop()


class Gate:
    """A gate that holds requests of a page until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.passed = 0

    async def hold(self, route: Route) -> None:
        """Hold the request."""
        self.reached.set()
        await self.open.wait()
        self.passed += 1
        await route.continue_()


async def box(locator: Locator) -> tuple[int, ...]:
    """Return the box of an element, in whole pixels."""
    found = await locator.bounding_box()
    assert found is not None
    return tuple(round(found[side]) for side in ("x", "y", "width", "height"))


async def test_chosen_pictures_are_looked_at_and_sent(pair: tuple[Visitor, Visitor]) -> None:
    """Chosen files are shown with their size, can be removed, and are sent with a text."""
    ada, grace = pair
    await ada.choose_files(
        file_of("harbour.png", picture(size=(640, 480)), "image/png"),
        file_of("wrong.png", picture(), "image/png"),
        file_of("tall.jpg", picture("JPEG", (300, 900)), "image/jpeg"),
    )
    chosen = ada.find("chosen-file")
    await expect(chosen).to_have_count(3)
    await expect(chosen.first).to_contain_text("harbour.png")
    await expect(chosen.first).to_contain_text(re.compile(r"[\d.]+ KB"))
    await ada.page.get_by_role("button", name="Remove wrong.png").click()
    await ada.page.get_by_label("Add a message").fill("Home again")
    await ada.find("send-files").click()

    await ada.sees("Home again")
    for someone in pair:
        await expect(someone.find("picture")).to_have_count(2)
        await expect(someone.page.locator("img.real.there")).to_have_count(2)
        await expect(someone.message("Home again")).to_be_visible()
    await expect(ada.find("message").filter(has=ada.find("picture"))).to_have_count(2)
    await expect(grace.find("conversation")).to_contain_text("Home again")
    sizes = [(await box(one))[2:] for one in await grace.page.locator(".media").all()]
    assert sizes == [(320, 240), (127, 380)]


async def test_nothing_jumps_when_a_picture_is_loaded(pair: tuple[Visitor, Visitor]) -> None:
    """The space of a picture is reserved with a blurred preview, and does not change."""
    ada, grace = pair
    gate = Gate()
    await grace.page.route(re.compile(r"/files/[^/]+/thumbnail"), gate.hold)
    await ada.attach(file_of("harbour.png", picture(size=(900, 600)), "image/png"))
    await ada.write("and below it")

    await gate.reached.wait()
    below = grace.message("and below it")
    await expect(below).to_be_visible()
    await expect(grace.page.locator("img.blur")).to_be_visible()
    before = await box(grace.page.locator(".media")), await box(below)
    gate.open.set()
    await expect(grace.page.locator("img.real.there")).to_be_visible()
    await expect(grace.page.locator("img.blur")).to_have_count(0)

    assert (await box(grace.page.locator(".media")), await box(below)) == before
    assert before[0][2:] == (320, 213)


async def test_a_picture_is_loaded_after_a_reconnection(pair: tuple[Visitor, Visitor]) -> None:
    """A picture that could not be loaded is loaded after the reconnection."""
    ada, grace = pair
    thumbnails = re.compile(r"/files/[^/]+/thumbnail")
    await grace.page.route(thumbnails, lambda route: route.abort("connectionreset"))
    await ada.attach(file_of("harbour.png", picture(size=(900, 600)), "image/png"))
    await expect(grace.page.locator(".media .missing")).to_be_visible()
    await grace.page.unroute(thumbnails)

    await grace.context.set_offline(True)
    await expect(grace.find("presence")).to_have_text("")
    await grace.context.set_offline(False)

    await expect(grace.page.locator("img.real.there")).to_be_visible()
    await expect(grace.page.locator(".media .missing")).to_have_count(0)


async def test_a_picture_can_be_pasted(pair: tuple[Visitor, Visitor]) -> None:
    """A pasted file is offered, and sent."""
    ada, grace = pair
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.page.evaluate(
        """async () => {
            const canvas = document.createElement("canvas");
            Object.assign(canvas, { width: 60, height: 40 });
            canvas.getContext("2d").fillRect(0, 0, 30, 40);
            const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    await ada.find("composer").press("Control+V")

    await expect(ada.find("chosen-file")).to_contain_text(".png")
    await ada.find("send-files").click()
    await expect(grace.page.locator("img.real.there")).to_be_visible()


async def test_files_can_be_dropped(pair: tuple[Visitor, Visitor], tmp_path: Path) -> None:
    """The page shows where to drop files, and offers dropped ones, but not those dragged away."""
    ada, grace = pair
    (tmp_path / "notes.txt").write_text("eggs, flour, milk")
    session = await ada.context.new_cdp_session(ada.page)
    x, y, width, height = await box(ada.page.locator(".chat"))
    data = {"items": [], "files": [str(tmp_path / "notes.txt")], "dragOperationsMask": 1}

    async def drag(kind: str, across: float) -> None:
        place = {"x": x + width * across, "y": y + height / 2}
        await session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})

    for kind in ("dragEnter", "dragOver"):
        await drag(kind, 0.5)
    await expect(ada.page.get_by_text("Drop files here")).to_be_visible()
    await drag("dragOver", -0.1)
    await expect(ada.page.get_by_text("Drop files here")).to_have_count(0)
    for kind in ("dragOver", "dragOver", "drop"):
        await drag(kind, 0.5)
    await expect(ada.page.get_by_text("Drop files here")).to_have_count(0)
    await expect(ada.find("chosen-file")).to_contain_text("notes.txt")
    await ada.page.keyboard.press("Escape")
    await expect(ada.find("dialog")).to_have_count(0)
    for kind in ("dragEnter", "dragOver", "drop"):
        await drag(kind, 0.5)
    await ada.find("send-files").click()

    await expect(grace.find("file")).to_contain_text("notes.txt")
    assert await grace.save(grace.find("file")) == ("notes.txt", b"eggs, flour, milk")


async def until_only(server: Server, before: list[str]) -> None:
    """Wait until the folder of uploads in progress is as before."""
    async with asyncio.timeout(20):
        while incoming(server) != before:
            await asyncio.sleep(0.01)


async def test_an_upload_shows_its_progress_and_can_be_cancelled(
    pair: tuple[Visitor, Visitor], server: Server
) -> None:
    """A cancelled upload leaves nothing in the chat and nothing on the server's disk."""
    ada, grace = pair
    before = incoming(server)
    gate = Gate()
    await ada.page.route("**/upload/tus/*", gate.hold)
    await ada.attach(file_of("film.bin", bytes(1024 * KIB)))

    await gate.reached.wait()
    await expect(ada.find("progress")).to_have_attribute("aria-valuenow", "25")
    await expect(ada.find("file")).to_contain_text("1 MB")
    await ada.find("cancel-upload").click()
    gate.open.set()

    await expect(ada.find("message")).to_have_count(0)
    await until_only(server, before)
    await ada.write("never mind")
    await grace.sees("never mind")
    await expect(grace.find("message")).to_have_count(1)


async def test_files_arrive_in_the_order_in_which_they_were_chosen(
    pair: tuple[Visitor, Visitor],
) -> None:
    """A large upload is not overtaken by a small one; texts written meanwhile are sent."""
    ada, grace = pair
    gate = Gate()
    await ada.page.route("**/upload/tus/*", gate.hold)
    await ada.attach(file_of("large.bin", bytes(600 * KIB)), file_of("small.bin", b"small"))
    await gate.reached.wait()
    await expect(ada.find("progress")).to_have_count(2)
    await ada.write("they are coming")
    await grace.sees("they are coming")
    gate.open.set()

    for someone in pair:
        names = someone.page.locator(".file-name")
        await expect(names).to_have_text(["large.bin", "small.bin"])
    await expect(ada.find("message").last).to_have_attribute("data-state", STORED)


async def test_an_upload_goes_on_after_a_cut(pair: tuple[Visitor, Visitor]) -> None:
    """An upload waits without network, and then resumes."""
    ada, grace = pair
    content = bytes(range(256)) * 4 * KIB
    sent: list[tuple[str, str]] = []
    gate = Gate()

    async def note(route: Route) -> None:
        headers = route.request.headers
        sent.append((route.request.method, headers.get("upload-offset", "")))
        if len(sent) == 1:
            gate.reached.set()
            await gate.open.wait()
            return await route.abort("connectionreset")
        await route.continue_()

    await ada.page.route("**/upload/tus/*", note)
    await ada.attach(file_of("film.bin", content))
    await gate.reached.wait()
    await ada.context.set_offline(True)
    await expect(ada.find("banner")).to_contain_text("Connection lost.")
    gate.open.set()
    await ada.context.set_offline(False)

    await expect(ada.find("message")).to_have_attribute("data-state", STORED)
    assert (await grace.save(grace.find("file"))) == ("film.bin", content)
    assert sent[0] == ("PATCH", str(256 * KIB))
    assert ("HEAD", "") in sent
    assert [offset for method, offset in sent if method == "PATCH"].count("0") == 0


async def test_a_refused_upload_can_be_tried_again(pair: tuple[Visitor, Visitor]) -> None:
    """A failed file stays with the reason, and is sent by a retry once the reason is gone."""
    ada, grace = pair
    refusal = {"msg": "fail", "code": 2061, "data": "no", "temporary": False}
    await ada.page.route("**/upload/tus", lambda route: route.fulfill(status=415, json=refusal))
    await ada.attach(file_of("notes.txt", b"eggs"))
    await expect(ada.find("message")).to_contain_text("Files of this kind are not allowed.")
    await expect(ada.find("message")).to_have_attribute("data-state", "failed")
    await ada.page.unroute("**/upload/tus")

    await ada.find("retry").click()

    await expect(ada.find("message")).to_have_attribute("data-state", STORED)
    await expect(grace.find("file")).to_contain_text("notes.txt")


@pytest.mark.parametrize(
    ("name", "kind", "content", "says"),
    [
        (
            "no.png",
            "image/png",
            picture()[:40] + b"nothing of a picture",
            "The picture cannot be read.",
        ),
        (
            "eggs.zip",
            "application/zip",
            b"PK\x03\x04" + bytes(60),
            "Files of this kind are not allowed.",
        ),
        (
            "large.png",
            "image/png",
            picture() + bytes(600 * KIB),
            "The file is too large.",
        ),
        ("turned\u202egnp.txt", "", b"eggs", "This name is not allowed for a file."),
        ("two\nlines.txt", "", b"eggs", "This name is not allowed for a file."),
        ("n" * 260 + ".txt", "", b"eggs", "This name is not allowed for a file."),
    ],
    ids=["no picture", "type", "size", "direction", "lines", "long name"],
)
async def test_a_refused_file_shows_the_reason(
    pair: tuple[Visitor, Visitor], server: Server, name: str, kind: str, content: bytes, says: str
) -> None:
    """The reason is shown beside the message, which can be deleted; nothing of it is kept."""
    ada, grace = pair
    before = incoming(server)
    await ada.attach(file_of(name, content, kind))

    await expect(ada.find("message")).to_contain_text(says)
    await expect(ada.find("message")).to_have_attribute("data-state", "failed")
    await ada.find("discard").click()
    await expect(ada.find("message")).to_have_count(0)
    await until_only(server, before)
    await ada.write("next")
    await grace.sees("next")
    await expect(grace.find("message")).to_have_count(1)


NAMES = [
    "<img src=x onerror=window.pwned=1>.txt",
    "quote\"'`${window.pwned=1}.txt",
    "semi;colon, comma=1.txt",
    "&lt;b&gt;.html",
    "🥚 鸡蛋 ёж.txt",
    "%2e%2e%2fetc%2fpasswd",
    "x" * 251 + ".txt",
]


async def test_hostile_file_names_do_nothing(pair: tuple[Visitor, Visitor]) -> None:
    """A file name is shown unchanged, and used for the saved file as far as the disk allows."""
    ada, grace = pair
    page = b"<script>window.pwned=1</script>"
    await ada.choose_files(*(file_of(name, page, "text/html") for name in NAMES))
    await expect(ada.find("chosen-file")).to_have_count(len(NAMES))
    await ada.find("send-files").click()

    for someone in pair:
        await expect(someone.find("file")).to_have_count(len(NAMES))
        titles = await someone.find("file").evaluate_all("all => all.map(({ title }) => title)")
        assert titles == [f"Download {name}" for name in NAMES]
        assert await someone.page.locator(".messages :is(img, script, b)").count() == 0
    for at, name in enumerate(NAMES):
        found, content = await grace.save(grace.find("file").nth(at))
        assert content == page
        assert "/" not in found
        assert found == re.sub(r"[<>:\"|?*~]", "_", name)[:255] or len(name) > 200
    for someone in pair:
        assert await someone.page.evaluate("window.pwned") is None


async def test_names_of_other_clients_do_nothing_either(pair: tuple[Visitor, Visitor]) -> None:
    """The data of a file on another server is text, and its address is not fetched."""
    ada, grace = pair
    asked: list[str] = []
    grace.page.on("request", lambda request: asked.append(request.url))
    address = "https://elsewhere.invalid/a.png?'onerror='window.pwned=1'"
    for kind in ("image", "audio", "video", "file"):
        await ada.tell(grace, kind, address)

    await expect(grace.find("message")).to_have_count(4)
    links = grace.page.locator(".messages a.attachment")
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer")
    assert await grace.page.locator(".messages :is(img, video)").count() == 0
    assert not [url for url in asked if "elsewhere" in url]
    assert await grace.page.evaluate("window.pwned") is None


async def test_files_of_others_cannot_be_opened(
    pair: tuple[Visitor, Visitor], visit: Visit, server: Server
) -> None:
    """A stranger cannot open a file by its address or a forward; nor can others after a recall."""
    ada, grace = pair
    eve = await visit("Eve")
    info: Any = await uploaded(ada.user, "secret.txt", b"the recipe")
    sent = await ada.tell(grace, "file", info["url"])
    await expect(grace.find("file")).to_contain_text("secret.txt")

    await eve.talk_to(ada)
    refused = await eve.user.server.ask(
        "POST",
        "/chat/send",
        token=eve.user.token,
        json={"to_id": ada.user.id, "type": "file", "data": info["url"]},
    )
    plain = await server.ask("GET", info["url"])
    hers = await server.ask("GET", info["url"], token=eve.user.token)
    links = await eve.user.post("/files/links", ids=[info["id"]])
    assert refused.json()["code"] == 2060
    assert (plain.status_code, hers.status_code, links["links"]) == (401, 404, {})
    opened = await eve.page.goto(f"{server.url}{info['url']}")
    assert opened is not None
    assert opened.status == 401
    assert b"the recipe" not in await opened.body()

    assert (await server.ask("GET", info["url"], token=grace.user.token)).content == b"the recipe"
    await ada.user.post("/chat/recall", id=sent["id"])
    await expect(grace.find("message")).to_contain_text("This message was recalled.")
    assert (await server.ask("GET", info["url"], token=grace.user.token)).status_code == 404
