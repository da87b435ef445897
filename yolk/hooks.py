"""Where plugins have a say: points that an application declares, handlers that plugins add."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from yolk.boot import Boot, Plugin
from yolk.errors import Refusal, StartError
from yolk.hook_handler import HandlerCounters, HandlerFailed, HookHandler, Terms

if TYPE_CHECKING:
    from yolk.application import Application

T = TypeVar("T")
OnError = Literal["refuse", "pass"]

TIMEOUT = 1.0
"""Seconds that a handler has, where it does not say."""


class Hook:
    """
    One point of an application, and who has a say there.

    `handlers` is empty where nobody has: to look at it is all that this costs.

    Args:
        name: under which plugins know it.
        parameters: how many arguments a handler gets.
        may_refuse: whether there is something to refuse.
    """

    def __init__(self, name: str, parameters: int, *, may_refuse: bool) -> None:
        self.name = name
        self.parameters = parameters
        self.may_refuse = may_refuse
        self.handlers: tuple[HookHandler, ...] = ()
        """In the order of their plugins; the application's own come last."""

    def add(self, handler: HookHandler) -> None:
        """Put a handler in its place."""
        self.handlers = tuple(sorted((*self.handlers, handler), key=lambda one: one.terms.place))

    def missed(self) -> None:
        """Note that nobody could be asked: there was no room to wait in."""
        for handler in self.handlers:
            handler.missed()


class Filter(Hook, Generic[T]):
    """
    A point that something goes through before it happens.

    Args:
        name: under which plugins know it.
        parameters: how many arguments a handler gets, the value being the last.
        accept: gives what becomes of the value so far (first) by what a handler answered
            (second); raises ValueError where that is no answer.
    """

    def __init__(self, name: str, parameters: int, accept: Callable[[T, Any], T]) -> None:
        super().__init__(name, parameters, may_refuse=True)
        self._accept = accept

    async def run(self, value: T, *about: object) -> T:
        """
        Ask all handlers, each about what the one before made of it.

        Args:
            value: what it is about; None as an answer leaves it as it is.
            about: what handlers get before it.

        Raises:
            Refusal: a handler refuses; or it failed, and states that this refuses.
        """
        for handler in self.handlers:
            try:
                answer = await handler.call(*about, value, accept=partial(self._take, value))
            except HandlerFailed:
                if handler.terms.on_error == "refuse":
                    raise Refusal(temporary=True) from None
            else:
                value = answer
        return value

    def _take(self, before: T, answer: Any) -> T:
        return before if answer is None else self._accept(before, answer)


class Notice(Hook, Generic[T]):
    """
    A point that is told of what has happened: nothing can be refused any more.

    Args:
        name: under which plugins know it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, 1, may_refuse=False)

    async def tell(self, what: T) -> None:
        """Tell all handlers, one after the other, whatever becomes of the one before."""
        for handler in self.handlers:
            try:
                await handler.call(what)
            except HandlerFailed:
                continue


class Hooks:
    """
    The points of an application: `app.hooks`.

    An application declares its own in a subclass, whose `__init__` makes them with `declare`.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._hooks: dict[str, Hook] = {}

    def declare(self, hook: Any) -> Any:
        """Let plugins know a point, and give it back."""
        self._hooks[hook.name] = hook
        return hook

    @property
    def counters(self) -> Mapping[str, Mapping[str, HandlerCounters]]:
        """Plugin to point to what its handlers did on this worker."""
        found: dict[str, dict[str, HandlerCounters]] = {}
        for hook in self._hooks.values():
            for handler in hook.handlers:
                of_plugin = found.setdefault(handler.terms.plugin, {})
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
        timeout: float = TIMEOUT,
        plugin: Boot | None = None,
    ) -> None:
        """
        Let *handler* have a say.

        Args:
            hook: the point's name.
            handler: a plain or a coroutine function; what it gets and may answer, the point says.
            on_error: what becomes of the matter when the handler raises or is late: "refuse", or
                "pass" as if it were not there. It must be said; a point of what has already
                happened has nothing to refuse.
            timeout: seconds after which a coroutine function is given up.
            plugin: whose handler it is; a method of the plugin's class says so by itself.

        Raises:
            StartError: something is wrong about it, in one sentence.
        """
        owner = plugin or getattr(handler, "__self__", None)
        if not isinstance(owner, Boot):
            raise StartError(
                f"app.hooks.on({hook!r}, {_called(handler)}): a handler is a method of its plugin; "
                "for any other function, say plugin=self."
            )
        who = f"the plugin {owner.name}" if isinstance(owner, Plugin) else "app.py"
        found = self._hooks.get(hook)
        if found is None:
            raise StartError(f"{who}: {self._unknown(hook)}")
        fault = _fault(found, handler, on_error, timeout)
        if fault:
            raise StartError(f"{who}: {hook}: {fault}")
        name, place = self._place(owner)
        terms = Terms(name, hook, place, found.may_refuse, str(on_error), timeout)
        found.add(HookHandler(handler, terms, self._app.logger))

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
    """Say what is wrong with a handler, and what to do; None where nothing is."""
    if not callable(handler):
        return f"its handler is {handler!r}; give a function."
    if on_error not in ("refuse", "pass"):
        said = "does not say" if on_error is None else f"says {on_error!r} for"
        return (
            f"{_called(handler)} {said} what happens when it fails; say "
            + ('on_error="refuse", or ' if hook.may_refuse else "")
            + 'on_error="pass".'
        )
    if on_error == "refuse" and not hook.may_refuse:
        return f'{_called(handler)} has nothing to refuse any more; say on_error="pass".'
    if not timeout > 0:
        return f"{_called(handler)} has a timeout of {timeout}; give it seconds above 0."
    try:
        inspect.signature(handler).bind(*[None] * hook.parameters)
    except TypeError:
        count = "one argument" if hook.parameters == 1 else f"{hook.parameters} arguments"
        return f"{_called(handler)} has to take {count}; correct its parameters."
    except ValueError:
        return None  # a function of C that does not say what it takes
    return None


def _called(handler: object) -> str:
    return str(getattr(handler, "__qualname__", repr(handler)))
