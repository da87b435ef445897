"""The chat application: `python app.py`, or `sanic app:create_app --factory`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # before anything installed that is called config or models

import yolk  # noqa: E402
from extend.application import Application  # noqa: E402
from extend.settings import Settings  # noqa: E402
from services.account.account import RECENT, find_sessions, find_users  # noqa: E402
from services.account.passwords import Passwords  # noqa: E402
from services.conversation.cursor_writer import cursor_writer  # noqa: E402
from services.conversation.receipts import Receipts  # noqa: E402
from services.conversation.sql.cursors import cursor_store_for  # noqa: E402
from services.errors import Busy  # noqa: E402
from services.file.allowance import Allowance  # noqa: E402
from services.file.intake import Intake  # noqa: E402
from services.file.links import Links  # noqa: E402
from services.file.resumable import Resumable  # noqa: E402
from services.file.sweeper import Sweeper  # noqa: E402
from services.message.sql.store import store_for  # noqa: E402
from services.message.writer import message_writer  # noqa: E402
from services.push.delivery import Delivery, encode_push  # noqa: E402
from services.push.hooks import ChatHooks  # noqa: E402
from services.push.presence import announce  # noqa: E402
from services.push.recipients import Recipients  # noqa: E402
from services.search.indexer import Indexer  # noqa: E402
from services.search.search import MAX_SEARCHES, MAX_WAITING_SEARCHES  # noqa: E402
from yolk.concurrency import BatchedLoader, ConcurrencyLimiter  # noqa: E402


class Boot(yolk.Boot):
    """The application's own hooks: Egg's app.js."""

    app: Application

    async def did_load(self) -> None:
        app, auth, chat = self.app, self.app.config.auth, self.app.config.chat
        app.provide("users", BatchedLoader(find_users, cache_seconds=RECENT))
        app.provide("sessions", BatchedLoader(find_sessions))
        app.provide("passwords", Passwords(auth.hash_threads, auth.hash_queue))
        app.provide("recipients", Recipients())
        app.provide("delivery", Delivery(app.ws, app.hooks))
        app.provide(
            "writer",
            message_writer(
                store_for(app.orm, chat.strangers),
                app.orm.unavailable_errors,
                app.recipients,
                app.delivery.committed,
                max_batch=chat.batch,
                max_waiting=chat.queue,
                logger=app.logger,
            ),
        )
        app.provide(
            "cursors",
            cursor_writer(
                cursor_store_for(app.orm),
                app.orm.unavailable_errors,
                Receipts(app.orm, app.delivery).announce,
                max_batch=chat.batch,
                max_waiting=chat.queue,
                logger=app.logger,
            ),
        )
        app.provide("searches", ConcurrencyLimiter(MAX_SEARCHES, MAX_WAITING_SEARCHES, full=Busy))
        app.provide("indexer", Indexer(app.orm, app.logger))
        app.delivery.listeners.append(app.indexer.committed)
        app.indexer.start()
        await self.take_files_in()
        app.ws.on("online", announce(app.ws, online=True))
        app.ws.on("offline", announce(app.ws, online=False))
        app.ws.on("online", app.hooks.online)
        app.ws.on("offline", app.hooks.offline)
        app.ws.on("position_lost", self.ask_to_sync)

    async def take_files_in(self) -> None:
        """Begin with uploads, and with what those of dead processes left behind."""
        app, files = self.app, self.app.config.files
        app.provide("links", await Links.load(files.link_expires_in))
        allowance = Allowance(app.redis, files.user_bytes)
        app.provide("intake", Intake(app.storage, allowance, files, app.logger))
        app.provide("resumable", Resumable(app.intake))
        app.provide("sweeper", Sweeper(app.intake))
        app.sweeper.start()
        app.delivery.listeners.append(app.intake.pace.noticed)

    def ask_to_sync(self) -> None:
        """Tell this worker's clients that they may have missed something."""
        self.app.ws.send_to_all(encode_push("sync", {}))

    async def before_close(self) -> None:
        await self.app.sweeper.close()
        await self.app.intake.close()
        await self.app.writer.close()
        await self.app.hooks.close()
        await self.app.cursors.close()
        await self.app.indexer.close()
        self.app.passwords.close()


def create_app(_: object = None) -> Application:
    """Make the application. Every process calls it, so it does nothing but load."""
    return Application(ROOT, boot=Boot, settings=Settings, hooks=ChatHooks)


if __name__ == "__main__":
    yolk.serve(create_app)
