"""The chat application: `python app.py`, or `sanic app:create_app --factory`."""

from __future__ import annotations

import gc
import sys
from functools import partial
from pathlib import Path

gc.disable()  # nothing of a module is garbage: collections would take a third of the start
ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # before installed packages that are called config or models

import yolk
from extend.application import Application
from extend.settings import ChatLimits, Settings
from services.account.loaders import USER_CACHE_SECONDS, find_sessions, find_users
from services.account.mail import ResetMails
from services.account.old_passwords import OldPasswords
from services.account.passwords import Passwords
from services.account.proof_of_work import ProofOfWork
from services.account.refresh_tokens import RefreshTokens
from services.account.reset_tokens import RESET_SUBJECTS, find_reset_mail
from services.account.session_use import SessionUse
from services.account.socket_checker import SocketChecker
from services.account.token_expiry import TokenExpiry
from services.account.username_keys import username_key_task
from services.conversation.cursor_writer import cursor_writer
from services.conversation.receipts import Receipts
from services.conversation.sql.cursors import cursor_store_for
from services.errors import Busy
from services.file.links import Links
from services.file.quota import FileSpace, UploadQuota
from services.file.resumable import ResumableUploads
from services.file.sweeper import upload_sweeper
from services.file.uploader import Uploader
from services.limits.login_limiter import LoginLimiter
from services.limits.rates import RateLimiter
from services.limits.stranger_limiter import StrangerLimiter
from services.limits.token_buckets import TokenBuckets
from services.load.monitor import Level, LoadMonitor
from services.message.sql.store import store_for
from services.message.writer import message_writer
from services.push.delivery import Delivery, encode_push
from services.push.hooks import ChatHooks
from services.push.presence import RULES_ROOM, PresenceAnnouncer, PresenceWatch
from services.push.recipients import Recipients
from services.retention.purger import Purger
from services.search.indexer import Indexer
from services.search.search import MAX_SEARCHES, MAX_WAITING_SEARCHES
from yolk.closing import ClosingStack
from yolk.concurrency import BatchedLoader, ConcurrencyLimiter

gc.freeze()  # the modules stay: no later collection looks at them
gc.enable()


class Parts:
    """
    The long-lived objects of one worker: what is `writer` here is `app.writer` everywhere else.

    Each line of `start` constructs one, which uses only those above it.
    """

    async def start(self, app: Application, closing: ClosingStack) -> None:
        """
        Construct and start everything in order.

        Args:
            app: the application, with what the plugins provide.
            closing: closes the parts in reverse order.
        """
        auth, chat = app.config.auth, app.config.chat
        # Load.
        self.load = LoadMonitor(chat.overload_ms, app.logger)
        self.load.start()
        closing.add(self.load.close)
        # Accounts.
        old_passwords = OldPasswords(
            auth.password_scheme, auth.password_salt, salt_first=auth.password_salt_first
        )
        self.passwords = Passwords(auth.hash_threads, auth.hash_queue, old_passwords)
        closing.add(self.passwords.close)
        self.rates = RateLimiter(app.redis, app.logger)
        self.login_limiter = LoginLimiter(
            auth.limits, self.rates, app.redis, auth.hash_threads, auth.hash_queue
        )
        gone = app.orm.unavailable_errors
        self.users = BatchedLoader(find_users, USER_CACHE_SECONDS, gone)
        self.sessions = BatchedLoader(find_sessions, unavailable_errors=gone)
        self.refresh_tokens = await RefreshTokens.load()
        self.proof_of_work = await ProofOfWork.load(auth.proof_of_work, app.redis)
        self.session_use = SessionUse(app.orm, app.logger)
        closing.add(self.session_use.close)
        self.reset_mails = ResetMails(
            getattr(app, "mailer", None) if auth.email_column else None,
            partial(find_reset_mail, app.orm, auth, app.config.locale),
            RESET_SUBJECTS[app.config.locale],
            app.logger,
        )
        closing.add(self.reset_mails.close)
        username_keys = username_key_task(app.orm, app.logger)
        username_keys.start()
        closing.add(username_keys.close)
        self.token_expiry = TokenExpiry(app.ws.clients, app.jwt.expires_at)
        self.token_expiry.start()
        closing.add(self.token_expiry.close)
        self.socket_checker = SocketChecker(app.ws.clients, app.orm, app.logger)
        self.socket_checker.start()
        closing.add(self.socket_checker.close)
        self._start_limits(chat.limits, closing)
        # Search.
        self.search_limiter = ConcurrencyLimiter(MAX_SEARCHES, MAX_WAITING_SEARCHES, full=Busy)
        self.indexer = Indexer(app.orm, app.logger)
        self.indexer.start()
        closing.add(self.indexer.close)
        await self._start_files(app, closing)
        # Pushes.
        closing.add(app.hooks.close)
        self.recipients = Recipients()
        listeners = (self.indexer.committed, self.uploader.throttle.message_sent)
        self.delivery = Delivery(app.ws, app.hooks, listeners)
        self.presence = PresenceWatch(app.orm, app.ws, app.logger)
        closing.add(self.presence.close)
        self.presence_announcer = PresenceAnnouncer(app.ws, self.load, app.logger)
        closing.add(self.presence_announcer.close)
        # Messages and cursors: closed first, so that everything queued is stored and pushed.
        self.writer = message_writer(
            store_for(app.orm, chat.strangers),
            app.orm.unavailable_errors,
            self.recipients,
            self.delivery.committed,
            max_batch=chat.batch,
            max_waiting=chat.queue,
            logger=app.logger,
            stranger_limiter=self.stranger_limiter,
        )
        closing.add(self.writer.close)
        self.receipts = Receipts(app.orm, self.delivery, self.load, app.logger)
        closing.add(self.receipts.close)
        self.cursors = cursor_writer(
            cursor_store_for(app.orm),
            app.orm.unavailable_errors,
            self.receipts.announce,
            max_batch=chat.batch,
            max_waiting=chat.queue,
            logger=app.logger,
        )
        closing.add(self.cursors.close)
        self._watch_load(app)

    def _watch_load(self, app: Application) -> None:
        """Watch all queues, and shed load on sockets when there is too much."""
        app.ws.shed_load(self.load.admit, lambda: self.load.is_busy)
        watch = self.load.watch
        watch("messages", lambda: self.writer.fill)
        watch("cursors", lambda: self.cursors.fill)
        watch("workers", app.ws.queues["workers"])
        # Each slow client is closed by itself, and strangers could open many slow ones.
        watch("sockets", app.ws.queues["sockets"], Level.BUSY)
        # Shown only: guesses of strangers fill it, and the limits of logins refuse those.
        watch("passwords", lambda: self.passwords.fill, Level.CALM)

    def _start_limits(self, limits: ChatLimits, closing: ClosingStack) -> None:
        """Construct what counts the frames and messages of users."""
        self.send_buckets = TokenBuckets(limits.send)
        self.frame_buckets = TokenBuckets(limits.frames)
        self.byte_buckets = TokenBuckets(limits.frame_bytes)
        self.typing_buckets = TokenBuckets(limits.typing)
        self.presence_buckets = TokenBuckets(limits.presence)
        self.stranger_limiter = StrangerLimiter(
            limits.strangers, limits.stranger_messages, self.rates
        )
        closing.add(self.stranger_limiter.close)

    async def _start_files(self, app: Application, closing: ClosingStack) -> None:
        """Construct and start what receives and deletes files."""
        files = app.config.files
        self.links = await Links.load(files.link_expires_in)
        quota = UploadQuota(app.redis, files.user_bytes, files.user_uploads)
        space = FileSpace(app.orm, files.kept_bytes, files.kept_files)
        self.uploader = Uploader(app.storage, quota, space, files, self.load, app.logger)
        closing.add(self.uploader.close)
        self.resumable_uploads = ResumableUploads(self.uploader)
        sweeper = upload_sweeper(self.uploader)
        sweeper.start()
        closing.add(sweeper.close)
        purger = Purger(app.config.retention, app.orm, app.redis, self.uploader, app.logger)
        purging = purger.periodically()
        purging.start()
        closing.add(purging.close)


class Boot(yolk.Boot):
    """The application's own hooks: Egg's app.js."""

    app: Application

    async def did_load(self) -> None:
        """Start the parts, and subscribe to the events of sockets."""
        app, parts = self.app, Parts()
        async with ClosingStack() as closing:  # closes them if one does not start
            await parts.start(app, closing)
            self._closing = closing.pop_all()
        for name, part in vars(parts).items():
            app.provide(name, part)
        app.ws.on("online", parts.presence_announcer.online)
        app.ws.on("offline", parts.presence_announcer.offline)
        app.ws.on("online", app.hooks.online)
        app.ws.on("offline", app.hooks.offline)
        app.ws.on("position_lost", parts.socket_checker.check_all)
        app.ws.on("position_lost", self.ask_to_sync)
        app.ws.on("position_lost", app.presence.check_all)
        app.ws.subscribe(RULES_ROOM, app.presence.check)

    def ask_to_sync(self) -> None:
        """Ask this worker's clients to sync: they may have missed something."""
        self.app.ws.send_to_all(encode_push("sync", {}))

    async def before_close(self) -> None:
        """Close the parts, the last one first."""
        await self._closing.aclose()


def create_app(_: object = None) -> Application:
    """Return the application, loaded but not started: every process calls this."""
    return Application(ROOT, boot=Boot, settings=Settings, hooks=ChatHooks)


if __name__ == "__main__":
    yolk.serve(create_app)
