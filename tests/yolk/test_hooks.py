"""Hook points: the order of handlers, their errors, and invalid handlers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import plugin
from yolk import Filter, Hooks, Notice, Refusal, StartError
from yolk.hook_handler import MAX_STUCK_CALLS

FILES = {
    "config/plugin.py": "second = {'path': 'parts/second'}\nfirst = {'path': 'parts/first'}\n",
    "parts/first/__init__.py": plugin("first"),
    "parts/second/__init__.py": plugin("second", "dependencies = ('first',)"),
}


def take(before: str, answer: Any) -> str:
    """Accept a text."""
    if not isinstance(answer, str):
        raise TypeError("no text")
    return answer


class Points(Hooks):
    """A filter of texts and a notice of numbers."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.text: Filter[str] = self.declare(Filter("before_text", 1, take))
        self.number: Notice[int] = self.declare(Notice("after_number"))


class Kitchen:
    """An application with two plugins, whose handlers a test adds."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.hooks: Points = app.hooks

    def on(
        self, hook: str, handler: Any, on_error: Any = "pass", by: str = "first", **more: Any
    ) -> None:
        """Add a handler of a plugin."""
        self.hooks.on(hook, handler, plugin=self.app.plugins[by], on_error=on_error, **more)

    def counters(self, hook: str = "before_text", by: str = "first") -> Any:
        """Return what a plugin's handlers did."""
        return self.hooks.counters[by][hook]


@pytest.fixture
def kitchen(load: Load) -> Kitchen:
    """Return an application with two points and two plugins."""
    return Kitchen(load(FILES, hooks=Points))


async def forever(*_: Any) -> None:
    """Never answer."""
    await asyncio.get_running_loop().create_future()


def broken(*_: Any) -> None:
    """Raise."""
    raise RuntimeError("boom")


def refuse(_: str) -> None:
    """Refuse."""
    raise Refusal(7, "not that")


async def test_handlers_are_asked_in_the_order_of_their_plugins(kitchen: Kitchen) -> None:
    """The order of plugins counts, not of adding; the application's own come last."""

    async def slow(text: str) -> str:
        await asyncio.sleep(0)
        return text + " first"

    kitchen.hooks.on(
        "before_text", lambda text: text + " app", plugin=kitchen.app.boots[-1], on_error="pass"
    )
    kitchen.on("before_text", lambda text: text + " second", by="second")
    kitchen.on("before_text", lambda _: None)
    kitchen.on("before_text", slow)

    assert await kitchen.hooks.text.run("a") == "a first second app"
    assert kitchen.counters().calls == 2
    assert kitchen.counters(by="second").calls == 1
    assert kitchen.hooks.counters["the application"]["before_text"].calls == 1


async def test_a_handler_refuses(kitchen: Kitchen) -> None:
    """The caller gets its code and text; later handlers are not called."""
    kitchen.on("before_text", refuse)
    kitchen.on("before_text", broken, by="second")

    with pytest.raises(Refusal) as refused:
        await kitchen.hooks.text.run("a")

    assert (refused.value.code, str(refused.value)) == (7, "not that")
    assert kitchen.counters().refused == 1
    assert kitchen.counters().failed == 0
    assert kitchen.counters(by="second").calls == 0


@pytest.mark.parametrize(
    ("handler", "counted"), [(broken, "failed"), (forever, "late"), (lambda _: 5, "failed")]
)
async def test_on_error_says_what_becomes_of_it(
    kitchen: Kitchen, handler: Callable[..., Any], counted: str
) -> None:
    """A handler that raises, hangs or answers nonsense: "pass" goes on, "refuse" refuses."""
    kitchen.on("before_text", handler, "pass", timeout=0.01)
    kitchen.on("before_text", str.upper, by="second")

    assert await kitchen.hooks.text.run("a") == "A"
    assert getattr(kitchen.counters(), counted) == 1

    kitchen.on("before_text", handler, "refuse", timeout=0.01)
    with pytest.raises(Refusal) as refused:
        await kitchen.hooks.text.run("a")
    assert (refused.value.code, str(refused.value)) == (0, "")
    assert getattr(kitchen.counters(), counted) == 3


async def test_a_notice_reaches_everybody_whatever_becomes_of_one(kitchen: Kitchen) -> None:
    """A refusal of a notice is an error like any other."""
    told: list[int] = []
    for handler in (broken, refuse, forever, told.append):
        kitchen.on("after_number", handler, timeout=0.01)

    await kitchen.hooks.number.notify(5)

    assert told == [5]
    counters = kitchen.counters("after_number")
    assert (counters.calls, counters.failed, counters.late, counters.refused) == (4, 2, 1, 0)


async def test_who_does_not_let_itself_be_cancelled_holds_nobody_up(kitchen: Kitchen) -> None:
    """It times out; after too many hanging calls it is not called any more."""
    let_go = asyncio.Event()
    begun = 0

    async def stubborn(_: str) -> None:
        nonlocal begun
        begun += 1
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    kitchen.on("before_text", stubborn, timeout=0.01)
    for _ in range(MAX_STUCK_CALLS + 5):
        assert await kitchen.hooks.text.run("a") == "a"

    assert begun == MAX_STUCK_CALLS
    assert kitchen.counters().late == MAX_STUCK_CALLS + 5
    let_go.set()
    while (await kitchen.hooks.text.run("a")) and begun == MAX_STUCK_CALLS:
        await asyncio.sleep(0)
    assert begun > MAX_STUCK_CALLS


async def test_a_plain_function_that_takes_long_is_counted(kitchen: Kitchen) -> None:
    """A slow plain function cannot be stopped; its answer is used."""

    def slow(text: str) -> str:
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            pass
        return text.upper()

    kitchen.on("before_text", slow, timeout=0.01)

    assert await kitchen.hooks.text.run("a") == "A"
    assert kitchen.counters().late == 1


async def test_a_burst_of_faults_is_one_line(
    kitchen: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """The first error is logged with its traceback, the following ones are counted."""
    kitchen.on("before_text", broken)
    with caplog.at_level(logging.ERROR):
        for _ in range(50):
            await kitchen.hooks.text.run("a")

    assert [record.getMessage() for record in caplog.records] == [
        "first: its before_text failed: RuntimeError: boom"
    ]
    assert caplog.records[0].exc_info
    assert kitchen.counters().failed == 50


async def test_who_waits_may_go(kitchen: Kitchen) -> None:
    """The handler is cancelled with its caller."""
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def waits(_: str) -> None:
        asked.set()
        try:
            await forever()
        finally:
            gone.set()

    kitchen.on("before_text", waits, timeout=60)
    asking = asyncio.create_task(kitchen.hooks.text.run("a"))
    await asked.wait()
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("before_txt", str.upper),
            "the plugin first: there is no hook before_txt; did you mean before_text?",
        ),
        (
            ("lunch", str.upper),
            "the plugin first: there is no hook lunch; "
            "this application has before_text, after_number.",
        ),
        (
            ("before_text", "upper"),
            "the plugin first: before_text: its handler is 'upper'; pass a function.",
        ),
        (
            ("before_text", str.upper, None),
            "the plugin first: before_text: str.upper has no on_error; "
            'pass on_error="refuse" or on_error="pass".',
        ),
        (
            ("before_text", str.upper, "ignore"),
            "the plugin first: before_text: str.upper has on_error='ignore'; "
            'pass on_error="refuse" or on_error="pass".',
        ),
        (
            ("after_number", broken, None),
            'the plugin first: after_number: broken has no on_error; pass on_error="pass".',
        ),
        (
            ("after_number", broken, "refuse"),
            "the plugin first: after_number: broken cannot refuse what has happened; "
            'pass on_error="pass".',
        ),
        (
            ("before_text", plugin),
            "the plugin first: before_text: nobody must take one argument; correct its parameters.",
        ),
    ],
)
def test_what_is_no_handler_stops_the_start(
    kitchen: Kitchen, arguments: tuple[Any, ...], sentence: str
) -> None:
    """In one sentence that names the plugin and the remedy."""
    if arguments[1] is plugin:

        def nobody() -> None: ...

        nobody.__qualname__ = "nobody"
        arguments = (arguments[0], nobody)
    with pytest.raises(StartError) as stopped:
        kitchen.on(*arguments)

    assert str(stopped.value) == sentence


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_time_limit_is_above_zero(kitchen: Kitchen, timeout: float) -> None:
    """A time limit of zero would fail every call."""
    with pytest.raises(StartError, match="pass a number above 0"):
        kitchen.on("before_text", str.upper, timeout=timeout)


def test_whose_handler_it_is_must_be_known(kitchen: Kitchen) -> None:
    """A method belongs to its plugin; for any other function the plugin must be passed."""
    with pytest.raises(StartError, match="pass plugin=self"):
        kitchen.hooks.on("before_text", broken, on_error="pass")


def test_an_application_without_points_says_so(load: Load) -> None:
    """Every application has `app.hooks`."""
    app = load(FILES)
    with pytest.raises(StartError, match="this application has none"):
        app.hooks.on("before_text", broken, plugin=app.plugins["first"], on_error="pass")


def test_a_method_of_a_plugin_needs_no_more(load: Load) -> None:
    """A method of a plugin belongs to that plugin."""
    body = """
    def config_did_load(self):
        self.app.hooks.on("before_text", self.check, on_error="refuse")

    def check(self, text): ...
    """
    app = load({**FILES, "parts/first/__init__.py": plugin("first", body)}, hooks=Points)

    (handler,) = Kitchen(app).hooks.text.handlers
    assert handler.plugin == "first"
    assert handler.timeout == 1.0
