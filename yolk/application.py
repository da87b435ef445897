"""The application: a Sanic application, loaded in Egg's order."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sanic import Request as SanicRequest
from sanic import Sanic, SanicException
from sanic.config import Config
from sanic.exceptions import NotFound, ServerError
from sanic.log import logger
from sanic.server.protocols.http_protocol import HttpProtocol

from yolk.access_log import mask_secrets
from yolk.boot import Boot, Plugin
from yolk.compose import Handler, Middleware
from yolk.context import Answer, Context
from yolk.contracts import WebSocketServer
from yolk.controller import Controller, Service
from yolk.errors import SERVER_FAULT, ApiError, StartError
from yolk.extensions import switch_off_unused
from yolk.handlers import resolve_handler
from yolk.hooks import Hooks
from yolk.http_protocol import HttpConnection
from yolk.lifecycle import attach_hooks, mute_start_errors, run_config_hook
from yolk.loader import import_file, load_context, load_tree, mount_routes
from yolk.openapi_page import mount as mount_docs
from yolk.plugin_registry import Registry
from yolk.request import Request
from yolk.router import HttpRouter, answer_head_and_options
from yolk.settings import (
    ENVIRONMENT,
    Settings,
    apply_environment,
    check_names,
    convert,
    read_layers,
)
from yolk.workers import note_signals, repair_state_server

SERVER_ERROR = 500


class Application(Sanic[Config, SimpleNamespace]):
    """
    A Sanic application with the shape of an Egg application.

    Args:
        root: the folder that contains `config/`, `routes/`, `controllers/` and so on.
        boot: the application's own lifecycle hooks (Egg's `app.js`).
        settings: the settings: the framework's, and the application's own in a subclass.
        hooks: the hook points that plugins can add handlers to.
        env: the environment; by default `YOLK_ENV`, else "local".
        name: Sanic's name of the application, unique in a process.

    Raises:
        StartError: the configuration or a plugin is wrong.
    """

    # Sanic's subclasses have no __dict__. This one contains what was provided, so that it is found
    # as fast as any other attribute: every request looks up a dozen.
    __slots__ = (
        "__dict__",
        "_http_middlewares",
        "boots",
        "context_class",
        "controller",
        "env",
        "hooks",
        "http",
        "http_protocol",
        "layers",
        "plugins",
        "registry",
        "root",
        "service",
        "serving",
        "settings",
        "stop_noted",
    )

    # An application declares the types of these trees in a subclass.
    controller: Any
    """The controllers by folder and file: see `yolk.tree.Tree`."""
    service: Any
    """The services by folder and file."""
    hooks: Hooks
    """The hook points: see `yolk.hooks.Hooks`."""

    def __init__(
        self,
        root: Path | str,
        *,
        boot: type[Boot] = Boot,
        settings: type[Settings] = Settings,
        hooks: type[Hooks] = Hooks,
        env: str | None = None,
        name: str = "yolk",
    ) -> None:
        super().__init__(name)
        mask_secrets()
        self.root: Path = Path(root).resolve()
        """The folder that contains the application."""
        self.env: str = env or os.environ.get("YOLK_ENV") or "local"
        """The environment, such as "local" or "prod"."""
        self.plugins: dict[str, Plugin] = {}
        """The plugins that are on, by name, in starting order."""
        self.hooks = hooks(self)
        self.http: HttpRouter = HttpRouter(self)
        """The router of HTTP requests."""
        self.http_protocol: type[HttpProtocol] = HttpConnection
        """The protocol class of HTTP connections."""
        self.serving: bool = True
        """False in a command of `python -m yolk`, beside which a server may be running."""
        self.stop_noted: Callable[[], bool] = bool
        self._http_middlewares: list[Middleware] = []
        self._load(boot, settings)

    def _load(self, boot: type[Boot], settings: type[Settings]) -> None:
        """Load everything, in Egg's order."""
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        self.registry = Registry(self.root, self.env)
        found = self.registry.load()
        self._load_config(settings, found)
        self.boots: list[Boot] = [*self.plugins.values(), boot(self)]
        run_config_hook(self, "config_will_load")
        self._load_context()
        run_config_hook(self, "config_did_load")
        self.service = load_tree(self.root, "services", "app.service", Service)
        self._load_middleware()
        self.controller = load_tree(self.root, "controllers", "app.controller", Controller)
        self.exception(Exception)(self.answer_error)
        mount_routes(self, self.root)
        mount_docs(self)
        attach_hooks(self)

    def _load_config(self, settings: type[Settings], found: Sequence[Any]) -> None:
        self.layers = layers = read_layers(self.root, self.env)
        apply_environment(layers, "", settings, ENVIRONMENT)
        for plugin in found:
            apply_environment(layers, plugin.name, plugin.kind.Settings, plugin.kind.environment)
        fields = settings.__struct_fields__
        check_names(layers, [*fields, *self.registry.entries])
        own = {name: value for name, value in layers.values.items() if name in fields}
        self.settings = convert(layers, "", settings, own)
        self.config.update({name: getattr(self.settings, name) for name in fields})
        self.http.connections.timeouts.body = self.settings.body_timeout
        self.http.connections.timeouts.write = self.settings.write_timeout
        self.config.PROXIES_COUNT = self.settings.proxies or None
        self.config.update({name: value for name, value in layers.values.items() if name.isupper()})
        for plugin in found:
            section = convert(
                layers, plugin.name, plugin.kind.Settings, layers.values.get(plugin.name, {})
            )
            self.config.update({plugin.name: section})
            self.plugins[plugin.name] = plugin.kind(self, section)

    def _load_context(self) -> None:
        base = load_context(self.root)
        mixins = [plugin.context for plugin in self.plugins.values() if plugin.context]
        self.context_class = (
            cast(type[Context], type("Context", (base, *mixins), {})) if mixins else base
        )

    def _load_middleware(self) -> None:
        for name in self.config.middleware:
            path = self.root / "middleware" / f"{name}.py"
            if not path.is_file():
                raise StartError(
                    f"{self.layers.source('middleware')}: middleware names {name}, "
                    f"but there is no middleware/{name}.py."
                )
            found = getattr(import_file(self.root, path), name, None)
            if not callable(found):
                raise StartError(f"middleware/{name}.py must have a function {name}(ctx, next).")
            self._http_middlewares.append(found)

    def provide(self, name: str, value: Any) -> None:
        """
        Set *value* as an attribute of the application. Plugins do it with what they provide.

        Args:
            name: the attribute, such as "redis" for `app.redis`.
            value: the value. A second call replaces it.

        Raises:
            StartError: the application has an attribute of its own by that name, such as "get".
        """
        if hasattr(Application, name) and name != "ws":
            raise StartError(
                f"app.{name} is the application's own; provide({name!r}, ...) needs another name."
            )
        self.__dict__[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            raise AttributeError(f"app.{name} cannot be set; app.provide({name!r}, ...) does that.")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        # Called only for attributes that do not exist, or do not exist yet.
        if not name.startswith("_") and name not in Application.__slots__:
            raise AttributeError(self._missing(name))
        raise AttributeError(f"{type(self).__name__} has no attribute {name}")

    def _missing(self, name: str) -> str:
        plugin = {"ws": "websocket", "model": "orm"}.get(name, name)
        entry = self.registry.entries.get(plugin)
        if entry and not self.registry.is_on(plugin):
            where = self.registry.sources[plugin]
            return (
                f"app.{name} comes from the plugin {plugin}, which is off; switch it on in {where}."
            )
        if plugin in self.plugins:
            return f"app.{name} does not exist yet; the plugin {plugin} provides it when it starts."
        return f"The application has no {name}; no plugin in config/plugin.py provides it."

    @property
    def ws(self) -> WebSocketServer:
        """The WebSocket server, from the plugin websocket."""
        try:
            return cast(WebSocketServer, self.__dict__["ws"])
        except KeyError:
            raise AttributeError(self._missing("ws")) from None

    @property
    def logger(self) -> logging.Logger:
        """The application's logger."""
        return logger

    @property
    def data_dir(self) -> Path:
        """The folder for all files that the running application writes."""
        return self.root / str(self.config.data)

    def resolve_handler(self, target: Any) -> Handler:
        """Return a callable of a context: see `yolk.handlers.resolve_handler`."""
        return resolve_handler(self, target)

    def http_middlewares(self) -> list[Middleware]:
        """Return the HTTP middlewares of the whole application, the outermost first."""
        return list(self._http_middlewares)

    def setup_loop(self) -> None:
        """Choose the loop. In a worker, Sanic calls this just before it sets up sanic-ext."""
        switch_off_unused(self)
        super().setup_loop()

    def finalize(self) -> None:
        """Build the router, once all routes are mounted."""
        if not self.state.is_started:
            answer_head_and_options(self)
        super().finalize()

    def _determine_error_format(self, _: object) -> str:
        # Sanic would read every handler's source to guess a format; `answer_error` has only one.
        return ""

    def answer_error(self, request: SanicRequest, error: Exception) -> Answer:
        """Answer an error that no handler has handled, in the format of all other answers."""
        ctx = self.context_class(self, Request(request), {}, req=request)
        if isinstance(error, ApiError):
            ctx.fail(error)
        elif isinstance(error, NotFound):
            ctx.api_fail("Not Found", status=404)  # one text: Sanic's repeats the address
        elif isinstance(error, SanicException) and not isinstance(error, ServerError):
            ctx.api_fail(str(error), status=error.status_code)
            for header, value in error.headers.items():
                ctx.set(header, value)
        else:
            logger.error("%s %s failed", request.method, request.path, exc_info=error)
            ctx.api_fail("Internal server error", status=SERVER_ERROR, code=SERVER_FAULT)
        return ctx.response()

    def prepare(self, host: str | None = None, port: int | None = None, **options: Any) -> None:
        """
        Prepare to serve. Sanic's command line calls this, too.

        Args:
            host: the address to listen on; by default the setting `host`.
            port: the port to listen on; by default the setting `port`.
            options: Sanic's own options.

        Raises:
            StartError: the port is in use.
        """
        host = host or str(self.config.host)
        port = int(self.config.port) if port is None else port
        if not (options.get("sock") or options.get("unix")):  # the command says unix=""
            _check_port(host, port)
        mute_start_errors()
        self.stop_noted = note_signals()
        repair_state_server()
        options.setdefault("protocol", self.http_protocol)
        options["motd"] = False
        super().prepare(host, port, **options)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise StartError(
                f"Port {port} needs administrator rights; choose another, such as PORT=7001."
            ) from None
        except OSError as error:
            raise StartError(
                f"Cannot listen on {host}:{port} ({error.strerror}); stop the other program or "
                f"choose another port, such as PORT={port + 1}."
            ) from None
