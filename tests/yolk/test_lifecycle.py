"""Hooks: their order, and what happens when one of them fails, in real processes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.yolk.conftest import Load, Start
from tests.yolk.small_apps import plugin
from yolk import StartError
from yolk.testing import StartFailed

TRACE = '''
import os

PLAIN = ("config_will_load", "config_did_load", "main_process_start", "main_process_stop")
ASYNC = ("did_load", "will_ready", "did_ready", "server_did_ready", "before_close")

def say(who, hook):
    where = "worker" if os.environ.get("SANIC_WORKER_NAME") else "main"
    # One write a line: two workers share the pipe, and print() writes the newline by itself.
    os.write(1, f"<{where} {who} {hook}>\\n".encode())

class Trace:
    """Prints the name of each hook when it runs."""

def plain(hook):
    def run(self):
        say(getattr(self, "name", "app"), hook)
    return run

def coroutine(hook):
    async def run(self):
        say(getattr(self, "name", "app"), hook)
    return run

for hook in PLAIN:
    setattr(Trace, hook, plain(hook))
for hook in ASYNC:
    setattr(Trace, hook, coroutine(hook))
'''


def traced(name: str, body: str = "") -> str:
    """Return the source of a plugin that prints which of its hooks run."""
    text = plugin(name, body).replace("(Plugin)", "(Trace, Plugin)")
    return f"from trace_hooks import Trace\n{text}"


FILES = {
    "trace_hooks.py": TRACE,
    "hooks.py": "from yolk import Boot\nfrom trace_hooks import Trace\n"
    "class Hooks(Trace, Boot): ...\n",
    "config/plugin.py": "second = {'path': 'parts/second'}\nfirst = {'path': 'parts/first'}\n",
    "parts/first/__init__.py": traced("first"),
    "parts/second/__init__.py": traced("second", "dependencies = ('first',)"),
    "routes/__init__.py": "async def hello(ctx):\n    ctx.body = 'hello'\n"
    "def mount(app):\n    app.http.get('/', hello)\n",
}

FORTH, BACK = ("first", "second", "app"), ("app", "second", "first")
LOADING = [f"{who} {hook}" for hook in ("config_will_load", "config_did_load") for who in FORTH]
STARTING = [
    f"{who} {hook}"
    for hook in ("did_load", "will_ready", "did_ready", "server_did_ready")
    for who in FORTH
]
CLOSING = [f"{who} before_close" for who in BACK]
MAIN_START = [f"{who} main_process_start" for who in FORTH]
MAIN_STOP = [f"{who} main_process_stop" for who in BACK]


def said(output: str) -> list[str]:
    """Return what the hooks printed, in order."""
    return [line.strip("<>") for line in output.splitlines() if line.startswith("<")]


def stops(output: str) -> list[str]:
    """Return what was printed while the main process stopped."""
    return [line for line in said(output) if line.endswith(" main_process_stop")]


def failing(hook: str, statement: str) -> dict[str, str]:
    """Return an application with a plugin whose hook fails."""
    kind = "def" if hook.startswith(("config", "main")) else "async def"
    return {
        **FILES,
        "config/plugin.py": FILES["config/plugin.py"] + "bad = {'path': 'parts/bad'}\n",
        "parts/bad/__init__.py": plugin("bad", f"{kind} {hook}(self):\n    {statement}"),
    }


# --- their order


def test_hooks_run_in_eggs_order(start: Start) -> None:
    """Each hook runs first for dependencies, then for dependents, last for the application."""
    server = start(FILES)
    assert server.stop() == 0
    heard = said(server.output)

    main = [line.removeprefix("main ") for line in heard if line.startswith("main")]
    worker = [line.removeprefix("worker ") for line in heard if line.startswith("worker")]
    assert main == LOADING + MAIN_START + MAIN_STOP
    assert worker == LOADING + STARTING + CLOSING
    # The main process begins before its workers, and ends after them.
    first, last = heard.index("worker first did_load"), heard.index("worker first before_close")
    assert heard.index("main app main_process_start") < first
    assert heard.index("main app main_process_stop") > last


def test_a_single_process_runs_all_hooks_itself(start: Start) -> None:
    """Without a main process, its hooks run in the server's own start and stop."""
    command = [sys.executable, "-m", "sanic", "app:create_app", "--factory", "--single-process"]
    server = start(FILES, command)
    assert server.stop() == 0

    heard = [line.removeprefix("main ") for line in said(server.output)]
    assert heard == LOADING + MAIN_START + STARTING + CLOSING + MAIN_STOP


def test_every_worker_runs_the_hooks_of_workers(start: Start) -> None:
    """With two workers, their hooks run twice and those of the main process once."""
    server = start(FILES, WORKERS="2")
    assert server.stop() == 0

    heard = said(server.output)
    assert heard.count("worker app did_load") == heard.count("worker app before_close") == 2
    assert heard.count("main app main_process_start") == 1
    assert heard.count("main app main_process_stop") == 1


def test_the_data_folder_exists_when_the_main_process_starts(start: Start) -> None:
    """Other users of the machine cannot read it."""
    hooks = """
    from yolk import Boot

    class Hooks(Boot):
        def main_process_start(self):
            print(f"<mode {self.app.data_dir.stat().st_mode & 0o777:o}>", flush=True)
    """
    server = start({**FILES, "hooks.py": hooks})

    assert "mode 700" in said(server.output)
    assert server.data.is_dir()


# --- when one fails

REMEDY = "fix it or switch it off in config/plugin.py."


@pytest.mark.parametrize("hook", ["config_will_load", "config_did_load"])
def test_a_failing_hook_of_the_factory_stops_the_start(load: Load, hook: str) -> None:
    """The sentence names the plugin, the hook, the error and the remedy."""
    with pytest.raises(StartError) as refusal:
        load(failing(hook, "{}['egg']"))

    assert str(refusal.value) == f"the plugin bad: {hook} failed: KeyError: 'egg'; {REMEDY}"


@pytest.mark.parametrize(
    ("hook", "workers"),
    [
        ("config_did_load", "1"),
        ("main_process_start", "1"),
        ("did_load", "2"),
        ("will_ready", "1"),
    ],
)
def test_a_hook_that_raises_ends_all_processes(start: Start, hook: str, workers: str) -> None:
    """The sentence names plugin, hook, error and remedy; the status is 1; no process is left."""
    with pytest.raises(StartFailed) as failure:
        start(failing(hook, "raise ValueError('no egg')"), WORKERS=workers)

    said = f"yolk: the plugin bad: {hook} failed: ValueError: no egg; {REMEDY}\n"
    assert said in str(failure.value)
    assert failure.value.status == 1


@pytest.mark.parametrize(
    ("hook", "workers"),
    [
        ("main_process_start", "1"),
        ("did_load", "1"),
        ("will_ready", "2"),
    ],
)
def test_a_start_error_is_one_sentence(start: Start, hook: str, workers: str) -> None:
    """A StartError is printed as it is, without a traceback."""
    with pytest.raises(StartFailed) as failure:
        start(failing(hook, "raise StartError('mail: no egg; buy some.')"), WORKERS=workers)

    assert "\nyolk: mail: no egg; buy some.\n" in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert "Experienced exception" not in str(failure.value)
    assert failure.value.status == 1
    # What the main process started is stopped, also by those that come before the failed one.
    assert stops(str(failure.value)) == [f"main {who} main_process_stop" for who in BACK]


@pytest.mark.parametrize("single", [True, False])
def test_the_sanic_command_prints_the_same_sentence(start: Start, single: bool) -> None:
    """`sanic app:create_app --factory` prints no traceback either."""
    command = [sys.executable, "-m", "sanic", "app:create_app", "--factory"]
    with pytest.raises(StartFailed) as failure:
        start(
            failing("did_load", "raise StartError('mail: no egg; buy some.')"),
            command + ["--single-process"] * single,
        )

    assert "\nyolk: mail: no egg; buy some.\n" in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert "StartError" not in str(failure.value)
    assert "Not all workers" not in str(failure.value)
    assert failure.value.status == 1
    assert stops(str(failure.value)) == [f"main {who} main_process_stop" for who in BACK]


def test_a_failing_boot_names_the_file_of_the_application(start: Start) -> None:
    """The sentence names app.py."""
    hooks = """
    from yolk import Boot

    class Hooks(Boot):
        async def did_load(self):
            raise ValueError("no egg")
    """
    with pytest.raises(StartFailed) as failure:
        start({**FILES, "hooks.py": hooks})

    assert (
        "yolk: the application's Boot: did_load failed: ValueError: no egg; fix it in app.py.\n"
    ) in str(failure.value)


def test_a_data_folder_that_cannot_be_made_stops_the_start(start: Start, tmp_path: Path) -> None:
    """The sentence names the folder and how to choose another."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(StartFailed) as failure:
        start(FILES, YOLK_DATA=str(tmp_path / "taken"))

    assert (
        f"yolk: $YOLK_DATA: the data folder {tmp_path}/taken cannot be created (File exists); "
        "name another one there, or in YOLK_DATA.\n"
    ) in str(failure.value)
    assert failure.value.status == 1


async def test_an_error_after_the_start_does_not_stop_it(start: Start) -> None:
    """A failing `did_ready` or `before_close` is logged; the other hooks run."""
    hooks = """
    from trace_hooks import Trace
    from yolk import Boot

    class Hooks(Trace, Boot):
        async def did_ready(self):
            raise ValueError("not ready")

        async def before_close(self):
            raise ValueError("not closed")

        def main_process_stop(self):
            raise ValueError("not stopped")
    """
    server = start({**FILES, "hooks.py": hooks})
    answer = await server.ask("GET", "/")
    assert server.stop() == 0

    assert answer.text == "hello"
    heard = said(server.output)
    assert "worker app server_did_ready" in heard
    assert [line for line in heard if "before_close" in line] == [
        "worker second before_close",
        "worker first before_close",
    ]
    assert stops(server.output) == [
        "main second main_process_stop",
        "main first main_process_stop",
    ]
    for problem in ("not ready", "not closed", "not stopped"):
        assert f"ValueError: {problem}" in server.output


BUSY = """
from sanic.worker.manager import WorkerManager

look = WorkerManager._sync_states

def look_long(manager):
    print("Looking", flush=True)
    for _ in range(10_000):
        look(manager)

WorkerManager._sync_states = look_long
"""


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_workers_are_checked_is_orderly(start: Start, by: signal.Signals) -> None:
    """
    A signal may come while the main process asks for the state of its workers.

    It asks over a connection to another process: a handler that asked there too would take the
    answer to the question that it interrupted.
    """
    server = start({**FILES, "hooks.py": BUSY + FILES["hooks.py"]})
    server.wait_for_output("Looking")
    assert server.stop(by=by) == 0, server.output
    assert "Traceback" not in server.output
    assert stops(server.output)


def test_a_stop_right_after_the_start_happens_once(start: Start) -> None:
    """A worker that closes slowly is not stopped again, which would restart its closing."""
    hooks = """
    import asyncio
    from trace_hooks import Trace
    from yolk import Boot

    class Hooks(Trace, Boot):
        async def before_close(self):
            print("Closing", flush=True)
            await asyncio.sleep(1.5)  # beyond a worker's first look at whether it is to stop
    """
    server = start({**FILES, "hooks.py": hooks})

    assert server.stop() == 0

    assert server.output.count("Closing") == 1


def test_a_second_signal_ends_a_hanging_stop(start: Start) -> None:
    """It does not wait for a hook that hangs; the main process still stops."""
    hooks = """
    import asyncio
    from trace_hooks import Trace
    from yolk import Boot

    class Hooks(Trace, Boot):
        async def before_close(self):
            print("Closing", flush=True)
            await asyncio.sleep(60)
    """
    server = start({**FILES, "hooks.py": hooks})
    os.kill(server.pid, signal.SIGTERM)
    server.wait_for_output("Closing")

    server.stop(timeout=10)

    assert len(stops(server.output)) == len(MAIN_STOP)
