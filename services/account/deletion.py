"""The deletion of an account, whose row stays as that of a deleted user."""

from __future__ import annotations

import secrets
from collections import defaultdict

from uuid_utils.compat import UUID

from models import (
    Account,
    Block,
    File,
    Group,
    Invitation,
    JoinRequest,
    KeptMute,
    Member,
    Message,
    PasswordReset,
    Preference,
    Privacy,
    Report,
    Session,
    User,
    UserRole,
    UserSearchKey,
)
from models.columns import milliseconds
from services import Service
from services.account.profile import Profile
from services.conversation.events import lock_conversation, push_events
from services.errors import NoGroup, NoSuchUser, OwnerMustStay, OwnsGroups, WrongOldPassword
from services.fields import EVENT_TYPES
from services.file.removal import remove_files
from services.message.recalling import append_recall
from services.retention.erasing import erase_texts_of_user

BATCH_MESSAGES = 50
"""Messages of one conversation that are erased in one transaction."""
BATCH_FILES = 200
NICKNAMES = {"zh": "已注销用户", "en": "Deleted user"}


class DeletionService(Service):
    """A service that deletes accounts."""

    async def delete_own(self, user_id: int, password: str, *, erase: bool) -> None:
        """
        Delete the account of a user who confirms it with the password.

        Raises:
            WrongOldPassword: the password is another one.
            OwnsGroups: the user owns groups.
            TooManyChanges: the user tried too many passwords.
            Busy: too many passwords wait to be hashed.
        """
        account = self.ctx.service.account
        async with self.ctx.app.login_limiter.confirmation(user_id):
            user = await User.get_or_none(id=user_id)
            if not await account.verify(user, password):
                raise WrongOldPassword
        await self.delete(user_id, erase=erase)

    async def delete(self, user_id: int, *, erase: bool) -> None:
        """
        Delete an account, and close its sockets on every worker.

        The row of the user stays, without name, password and avatar: the id is in other users'
        conversations, and must never be another user's. Until that has happened, a deletion that
        failed can be repeated.

        Args:
            user_id: the user.
            erase: whether to erase the user's messages everywhere, too.

        Raises:
            NoSuchUser: there is no such user, or the account was deleted.
            OwnsGroups: the user owns groups, which would be without an owner.
        """
        if not await User.exists(id=user_id):
            raise NoSuchUser
        if await Group.exists(owner_id=user_id, dissolve_time=None):
            raise OwnsGroups
        await self._leave_groups(user_id)
        if erase:
            await self._erase_messages(user_id)
        profile = await self._end(user_id)
        error = NoSuchUser()
        self.ctx.app.ws.kick(user_id, error.close_code, "deleted", data=error.close_notice())
        # Again, for what another device stored meanwhile.
        await self._leave_groups(user_id)
        if erase:
            await self._erase_messages(user_id)
            # Names in notices and groups, which are no messages, and the free pages of SQLite.
            await erase_texts_of_user(self.ctx.app.orm, user_id)
        await self._delete_files(user_id)
        await self.ctx.service.account.profile.announce(profile)

    async def _leave_groups(self, user_id: int) -> None:
        for member in await Member.filter(user_id=user_id, conv__startswith="g:"):
            try:
                await self.ctx.service.group.members.leave(
                    user_id, int(member.conv.removeprefix("g:"))
                )
            except NoGroup:
                continue  # dissolved, or left, meanwhile
            except OwnerMustStay:
                raise OwnsGroups from None

    async def _erase_messages(self, user_id: int) -> None:
        found = Message.filter(from_id=user_id, isremove=0).exclude(type__in=EVENT_TYPES)
        by_conv: dict[str, list[UUID]] = defaultdict(list)
        for message in await found.only("id", "conv"):
            by_conv[message.conv].append(message.id)
        for conv, ids in by_conv.items():
            for start in range(0, len(ids), BATCH_MESSAGES):
                await self._erase(user_id, conv, ids[start : start + BATCH_MESSAGES])

    async def _erase(self, user_id: int, conv: str, ids: list[UUID]) -> None:
        """Recall messages, so that `sync` brings that to clients that have them."""
        events = []
        async with self.ctx.app.orm.transaction() as connection:
            conversation = await lock_conversation(connection, conv)
            if conversation is None:
                return
            messages = Message.filter(id__in=ids, isremove=0).order_by("seq").using_db(connection)
            for message in await messages:
                event = await append_recall(connection, conversation, message, user_id)
                events.append(event)
        await push_events(self.ctx, conv, events)

    async def _end(self, user_id: int) -> Profile:
        """
        Erase the user's data in the tables, and return the profile of the deleted user.

        Raises:
            OwnsGroups: the user owns groups.
        """
        username = f"deleted-{secrets.token_hex(8)}"
        nickname, now = NICKNAMES[self.ctx.app.config.locale], milliseconds()
        owned = Group.filter(owner_id=user_id, dissolve_time=None)
        async with self.ctx.app.orm.transaction() as connection:
            # Again: erasing many messages takes a while, in which the user may get a group.
            if await owned.using_db(connection).exists():
                raise OwnsGroups
            await (
                User.filter(id=user_id)
                .using_db(connection)
                .update(username=username, nickname=nickname, avatar="", password="!", status=0)  # noqa: S106 - nobody's
            )
            account, _ = await Account.get_or_create(user_id=user_id, using_db=connection)
            account.name = account.avatar_file = account.searched_names = None
            account.tokens_after = account.delete_time = now
            await account.save(using_db=connection)
            of_user = (
                Session,
                PasswordReset,
                Preference,
                Privacy,
                JoinRequest,
                KeptMute,
                Invitation,
                UserRole,
                UserSearchKey,
            )
            for table in of_user:
                await table.filter(user_id=user_id).using_db(connection).delete()
            await Report.filter(reporter_id=user_id).using_db(connection).delete()
            await Block.filter(user_id=user_id).using_db(connection).delete()
            await Block.filter(blocked_id=user_id).using_db(connection).delete()
        return Profile(user_id, username, nickname, "")

    async def _delete_files(self, user_id: int) -> None:
        """Delete files that no message has."""
        app, after = self.ctx.app, UUID(int=0)
        while True:
            files = (
                await File.filter(user_id=user_id, id__gt=after).order_by("id").limit(BATCH_FILES)
            )
            if not files:
                return
            after = files[-1].id
            await remove_files(app.orm, app.uploader, files, if_unused=True)
