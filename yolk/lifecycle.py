"""The lifecycle hooks of `yolk.boot`, called by Sanic's listeners."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from yolk.addresses import is_loopback
from yolk.boot import Boot, Plugin
from yolk.data_folder import secure
from yolk.errors import StartError
from yolk.workers import repair_manager, stop_with_main_process, unblock_signals

if TYPE_CHECKING:
    from yolk.application import Application

REQUEST_SECONDS = 5.0
"""How long a stopping worker waits for requests in flight, in seconds."""

LOOP_START_SECONDS = 0.05
"""An upper bound of the time from the last listener to the start of the serving loop."""


def attach_hooks(app: Application) -> None:
    """
    Register Sanic listeners that call the application's hooks at the times that `Boot` states.

    A hook that raises before the worker serves stops the start with one sentence.
    """
    watches: list[Callable[[], None]] = []

    async def main_start(*_: Any) -> None:
        unblock_signals()
        _start_main(app)

    async def main_stop(*_: Any) -> None:
        _stop_main(app)

    async def before_start(*_: Any) -> None:
        if _single_process():
            unblock_signals()
            _start_main(app)
        for hook in ("did_load", "will_ready"):
            for boot in app.boots:
                await _run_start_hook(app, boot, hook)

    async def after_start(*_: Any) -> None:
        for hook in ("did_ready", "server_did_ready"):
            for boot in app.boots:
                try:
                    await getattr(boot, hook)()
                except Exception:
                    app.logger.exception("%s: %s failed", _name(boot), hook)
        if not _single_process():
            watches.append(stop_with_main_process(app))
        elif app.stop_noted():
            asyncio.get_running_loop().call_later(LOOP_START_SECONDS, app.stop)
        # Later, because the serving loop runs only after this one, which starts the server.
        asyncio.get_running_loop().call_later(LOOP_START_SECONDS, _log_serving, app)

    async def before_stop(*_: Any) -> None:
        for end_watch in watches:
            end_watch()  # a second stop would interrupt this one and begin again
        await app.http.stop(REQUEST_SECONDS)
        await _close(app, app.boots)

    async def after_stop(*_: Any) -> None:
        if _single_process():
            _stop_main(app)

    async def main_ready(*_: Any) -> None:
        if app.stop_noted():
            raise SystemExit(0)
        repair_manager(app.manager, app.logger)

    app.main_process_start(main_start)
    app.main_process_ready(main_ready)
    app.main_process_stop(main_stop)
    app.before_server_start(before_start)
    app.after_server_start(after_start)
    app.before_server_stop(before_stop)
    app.after_server_stop(after_stop)


@asynccontextmanager
async def started(app: Application) -> AsyncIterator[None]:
    """
    Start the application as a worker is started, except that it does not serve.

    A server may run beside it: `app.serving` is false, so that plugins share what it has started.

    Raises:
        StartError: a hook failed, or the files of the server belong to another user.
    """
    app.serving = False
    _check_owner(app)
    begun: list[Boot] = []
    try:
        _start_main(app)
        for hook in ("did_load", "will_ready"):
            for boot in app.boots:
                await _run_load_hook(app, boot, hook)
                if hook == "did_load":
                    begun.append(boot)
        yield
    finally:
        await _close(app, begun)
        _stop_main(app)


def run_config_hook(app: Application, hook: str) -> None:
    """
    Run a hook that is part of loading: `config_will_load` or `config_did_load`.

    Raises:
        StartError: the hook failed.
    """
    for boot in app.boots:
        _run_plain_hook(app, boot, hook)


def mute_start_errors() -> None:
    """Suppress Sanic's log lines about a failed start: the StartError names the cause."""
    logging.getLogger("sanic.error").addFilter(_is_new)


def _is_new(record: logging.LogRecord) -> bool:
    printed = isinstance(sys.exc_info()[1], SystemExit)  # a StartError, or a stop during the start
    return not printed and not record.getMessage().startswith("Not all workers acknowledged")


def _single_process() -> bool:
    """Return whether this process serves by itself, without a main process."""
    return not os.environ.get("SANIC_WORKER_NAME")


def _log_serving(app: Application) -> None:
    app.logger.info("Serving on %s", app.serve_location)


def _start_main(app: Application) -> None:
    try:
        secure(app.data_dir, app.logger)
    except OSError as error:
        raise StartError(
            f"{app.layers.source('data')}: the data folder {app.data_dir} cannot be created "
            f"({error.strerror}); name another one there, or in YOLK_DATA."
        ) from None
    if app.serving:
        warn_of_risks(app)
    for boot in app.boots:
        _run_plain_hook(app, boot, "main_process_start")


def warn_of_risks(app: Application) -> None:
    """Warn about running as root, and about serving others with a developer's settings."""
    if os.geteuid() == 0:
        app.logger.warning(
            "The server runs as root, so an error in it endangers the whole machine; "
            "run it as a user of its own"
        )
    if app.env != "prod" and not is_loopback(str(app.config.host)):
        app.logger.warning(
            "The server listens on %s with the settings of the environment %s, which are for "
            "developers; set YOLK_ENV=prod to serve others",
            app.config.host,
            app.env,
        )


def _stop_main(app: Application) -> None:
    for boot in reversed(app.boots):
        try:
            boot.main_process_stop()
        except Exception:
            app.logger.exception("%s: main_process_stop failed", _name(boot))


def _run_plain_hook(app: Application, boot: Boot, hook: str) -> None:
    try:
        getattr(boot, hook)()
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001 - one hook
        raise _failed(app, boot, hook, error) from None


def _check_owner(app: Application) -> None:
    """Refuse root where the server runs as another user, who could not use files of root."""
    if os.geteuid() != 0 or not app.data_dir.is_dir():
        return
    for path in app.data_dir.iterdir():
        owner = path.stat().st_uid
        if path.is_file() and owner != 0:
            raise StartError(
                f"{path} belongs to the user {_user_name(owner)}; run the command as that user, "
                "not as root."
            )


def _user_name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


async def _close(app: Application, boots: Sequence[Boot]) -> None:
    for boot in reversed(boots):
        try:
            await boot.before_close()
        except Exception:
            app.logger.exception("%s: before_close failed", _name(boot))


async def _run_load_hook(app: Application, boot: Boot, hook: str) -> None:
    try:
        await getattr(boot, hook)()
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001 - one hook
        raise _failed(app, boot, hook, error) from None


async def _run_start_hook(app: Application, boot: Boot, hook: str) -> None:
    try:
        await _run_load_hook(app, boot, hook)
        return
    except StartError as error:
        failure = error
    if _single_process():
        _stop_main(app)
        raise failure
    # In a worker an exception would be printed with a traceback: print the sentence, notify the
    # main process that the start failed, and exit.
    print(failure.code, file=sys.stderr, flush=True)
    app.multiplexer.terminate(True)
    os._exit(1)


def _failed(app: Application, boot: Boot, hook: str, error: Exception) -> StartError:
    """Log *error* with its traceback, and return it as one sentence."""
    app.logger.error("%s: %s failed", _name(boot), hook, exc_info=error)
    where = f"the plugin {boot.name}" if isinstance(boot, Plugin) else "the application's Boot"
    table = " in config/plugin.py" if isinstance(boot, Plugin) else ""
    remedy = f"fix it or switch it off{table}" if table else "fix it in app.py"
    return StartError(f"{where}: {hook} failed: {type(error).__name__}: {error}; {remedy}.")


def _name(boot: Boot) -> str:
    return f"plugin {boot.name}" if isinstance(boot, Plugin) else type(boot).__name__
