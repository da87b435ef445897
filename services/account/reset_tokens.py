"""One-time tokens that set a new password."""

from __future__ import annotations

import secrets
from typing import Protocol

from models import PasswordReset
from models.columns import milliseconds
from services.account.digest import digest
from services.account.lookup import find_user
from services.account.sql import user_column
from services.database import Database

RESET_SUBJECTS = {"zh": "重置密码", "en": "Reset your password"}
_TEXTS = {
    "zh": "你正在重置账号 {username} 的密码. {minutes} 分钟内有效, 只能使用一次:\n\n{link}\n\n"
    "如果不是你本人操作, 请忽略此邮件.\n",
    "en": "To set a new password for {username}, use this within {minutes} minutes. It works once:"
    "\n\n{link}\n\nIf you did not ask for it, ignore this mail.\n",
}
MAIL_INTERVAL_MS = 60_000
"""A user gets no second mail within this time."""


class ResetSettings(Protocol):
    """The settings of resets by mail."""

    @property
    def reset_expires_in(self) -> int:
        """The lifetime of a token, in seconds."""

    @property
    def reset_url(self) -> str:
        """The address of the page that takes a token, or empty."""

    @property
    def email_column(self) -> str | None:
        """The column with the address of a user."""


async def issue_reset(database: Database, user_id: int, expires_in: int) -> str:
    """
    Return a token with which `POST /auth/reset` sets a new password, once.

    An earlier token of the user becomes invalid. The token itself is not stored.

    Args:
        database: the database.
        user_id: the user.
        expires_in: the lifetime in seconds.
    """
    token, now = secrets.token_urlsafe(24), milliseconds()
    async with database.transaction() as connection:
        await PasswordReset.filter(user_id=user_id).using_db(connection).delete()
        await PasswordReset.create(
            hash=digest(token),
            user_id=user_id,
            create_time=now,
            expire_time=now + expires_in * 1000,
            using_db=connection,
        )
    return token


async def find_reset_mail(
    database: Database, settings: ResetSettings, locale: str, username: str
) -> tuple[str, str] | None:
    """
    Issue a token for a user who forgot the password.

    Args:
        database: the database.
        settings: of the mails.
        locale: the language.
        username: as it was typed.

    Returns:
        the address and the text of the mail, or None if there is no such user, no address, the
        user is disabled, or got a mail a moment ago.
    """
    user = await find_user(username)
    if user is None or not user.status or settings.email_column is None:
        return None
    recent = milliseconds() - MAIL_INTERVAL_MS
    if await PasswordReset.exists(user_id=user.id, create_time__gt=recent):
        return None
    address = str(await user_column(database, settings.email_column, user.id) or "").strip()
    if "@" not in address or not address.isprintable():
        return None
    token = await issue_reset(database, user.id, settings.reset_expires_in)
    text = _TEXTS[locale].format(
        username=user.username,
        minutes=settings.reset_expires_in // 60,
        link=settings.reset_url.replace("{token}", token) if settings.reset_url else token,
    )
    return address, text
