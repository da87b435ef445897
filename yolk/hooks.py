"""Hooks: an application declares hook points, and plugins add handlers to them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from yolk.boot import Boot, Plugin
from yolk.errors import Refusal, StartError
from yolk.hook_handler import HandlerCounters, HandlerFailed, HookHandler

if TYPE_CHECKING:
    from yolk.application import Application

T = TypeVar("T")
OnError = Literal["refuse", "pass"]

TIMEOUT_SECONDS = 1.0
"""A handler's default time limit, in seconds."""


class Hook:
    """
    A hook point and its handlers.

    A caller checks `handlers` first: an empty hook costs nothing else.

    Args:
        name: the name that plugins use.
        parameters: the number of arguments that a handler is called with.
        may_refuse: whether a handler may raise `Refusal`.
    """

    def __init__(self, name: str, parameters: int, *, may_refuse: bool) -> None:
        self.name = name
        self.parameters = parameters
        self.may_refuse = may_refuse
        self.handlers: tuple[HookHandler, ...] = ()
        """The handlers in the order of their plugins; the application's own come last."""

    def add(self, handler: HookHandler) -> None:
        """Add a handler at the position of its plugin."""
        self.handlers = tuple(sorted((*self.handlers, handler), key=lambda one: one.place))

    def missed(self) -> None:
        """Count a call that was skipped because the queue was full."""
        for handler in self.handlers:
            handler.missed()


class Filter(Hook, Generic[T]):
    """
    A hook point whose handlers may refuse or change a value before it is used.

    Args:
        name: the name that plugins use.
        parameters: the number of arguments that a handler is called with; the value is the last.
        accept: returns the new value, from the value so far (first) and a handler's answer
            (second); raises ValueError for an invalid answer.
    """

    def __init__(self, name: str, parameters: int, accept: Callable[[T, Any], T]) -> None:
        super().__init__(name, parameters, may_refuse=True)
        self._accept = accept

    async def run(self, value: T, *about: object) -> T:
        """
        Call all handlers in order, each with the value that the previous one returned.

        Args:
            value: the value; a handler that returns None leaves it unchanged.
            about: the arguments before it.

        Raises:
            Refusal: a handler refused, or failed and was added with `on_error="refuse"`.
        """
        for handler in self.handlers:
            try:
                answer = await handler.call(*about, value, accept=partial(self._take, value))
            except HandlerFailed:
                if handler.on_error == "refuse":
                    raise Refusal(temporary=True) from None
            else:
                value = answer
        return value

    def _take(self, before: T, answer: Any) -> T:
        return before if answer is None else self._accept(before, answer)


class Notice(Hook, Generic[T]):
    """
    A hook point whose handlers are notified of an event, which they cannot refuse.

    Args:
        name: the name that plugins use.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, 1, may_refuse=False)

    async def notify(self, what: T) -> None:
        """Call all handlers, one after the other; a handler that fails does not stop the next."""
        for handler in self.handlers:
            try:
                await handler.call(what)
            except HandlerFailed:
                continue


class Hooks:
    """
    The hook points of an application: `app.hooks`.

    An application declares its own in a subclass, whose `__init__` calls `declare`.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._hooks: dict[str, Hook] = {}

    def declare(self, hook: Any) -> Any:
        """Register a hook point, and return it."""
        self._hooks[hook.name] = hook
        return hook

    @property
    def counters(self) -> Mapping[str, Mapping[str, HandlerCounters]]:
        """Counters of this worker's calls, by plugin and by hook point."""
        found: dict[str, dict[str, HandlerCounters]] = {}
        for hook in self._hooks.values():
            for handler in hook.handlers:
                of_plugin = found.setdefault(handler.plugin, {})
                before = of_plugin.get(hook.name)
                counters = handler.counters
                of_plugin[hook.name] = counters if before is None else before.plus(counters)
        return found

    def on(
        self,
        hook: str,
        handler: Callable[..., Any],
        *,
        on_error: OnError | None = None,
        timeout: float = TIMEOUT_SECONDS,
        plugin: Boot | None = None,
    ) -> None:
        """
        Add a handler to a hook point.

        Args:
            hook: the name of the hook point.
            handler: a plain or a coroutine function. The hook point defines its arguments and its
                answer.
            on_error: what a handler that raises or times out means: "refuse", or "pass" as if it
                were not there. It has no default; a `Notice` only allows "pass".
            timeout: the time limit of a coroutine function, in seconds.
            plugin: the plugin that the handler belongs to; not needed for a method of a plugin.

        Raises:
            StartError: there is no such hook point, or an argument is wrong.
        """
        owner = plugin or getattr(handler, "__self__", None)
        if not isinstance(owner, Boot):
            raise StartError(
                f"app.hooks.on({hook!r}, {_called(handler)}): a handler is a method of its plugin; "
                "for any other function, pass plugin=self."
            )
        who = f"the plugin {owner.name}" if isinstance(owner, Plugin) else "app.py"
        found = self._hooks.get(hook)
        if found is None:
            raise StartError(f"{who}: {self._unknown(hook)}")
        fault = _fault(found, handler, on_error, timeout)
        if fault:
            raise StartError(f"{who}: {hook}: {fault}")
        name, place = self._place(owner)
        rules = found.may_refuse, str(on_error), timeout
        found.add(HookHandler(handler, name, hook, place, *rules, self._app.logger))

    def _place(self, owner: Boot) -> tuple[str, int]:
        names = list(self._app.plugins)
        if not isinstance(owner, Plugin):
            return "the application", len(names) + 1
        return owner.name, names.index(owner.name) if owner.name in names else len(names)

    def _unknown(self, hook: str) -> str:
        nearest = difflib.get_close_matches(hook, self._hooks, 1, 0.5)
        if nearest:
            return f"there is no hook {hook}; did you mean {nearest[0]}?"
        if not self._hooks:
            return f"there is no hook {hook}; this application has none."
        return f"there is no hook {hook}; this application has {', '.join(self._hooks)}."


def _fault(hook: Hook, handler: Any, on_error: object, timeout: float) -> str | None:
    """Return what is wrong with a handler and the remedy, or None."""
    if not callable(handler):
        return f"its handler is {handler!r}; pass a function."
    if on_error not in ("refuse", "pass"):
        choices = ('on_error="refuse" or ' if hook.may_refuse else "") + 'on_error="pass"'
        given = "no on_error" if on_error is None else f"on_error={on_error!r}"
        return f"{_called(handler)} has {given}; pass {choices}."
    if on_error == "refuse" and not hook.may_refuse:
        return f'{_called(handler)} cannot refuse what has happened; pass on_error="pass".'
    if not timeout > 0:
        return f"{_called(handler)} has a timeout of {timeout}; pass a number above 0."
    try:
        inspect.signature(handler).bind(*[None] * hook.parameters)
    except TypeError:
        count = "one argument" if hook.parameters == 1 else f"{hook.parameters} arguments"
        return f"{_called(handler)} must take {count}; correct its parameters."
    except ValueError:
        return None  # a function written in C without a signature
    return None


def _called(handler: object) -> str:
    return str(getattr(handler, "__qualname__", repr(handler)))
