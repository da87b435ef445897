"""Accounts, for administrators."""

from __future__ import annotations

from controllers.api.admin.requests import (
    AccountSearch,
    Because,
    DeleteUser,
    IdPath,
    LoginPath,
)
from extend.context import Context
from services import permissions
from services.admin.accounts import AccountPage, AccountView, Ended, NewReset
from services.admin.actor import Actor
from services.errors import IsAdministrator, NoSuchPerson, OwnsGroups
from yolk import Controller, describe


class AccountsController(Controller[Context]):
    """A controller with which administrators search and change accounts."""

    section = "Administration: users"
    section_summary = "Search, disable and delete users, and end their logins."

    @property
    def user_id(self) -> int:
        """The id of the user in the path."""
        return self.ctx.read(IdPath, self.ctx.params).id

    @describe(query=AccountSearch, answer=AccountPage)
    async def search(self) -> None:
        """List users, by username."""
        query = self.ctx.read(AccountSearch, self.ctx.query)
        accounts = self.ctx.service.admin.accounts
        self.ctx.api_success(
            await accounts.page(query.q, query.after, query.limit, enabled=query.enabled)
        )

    @describe(answer=AccountView, errors=(NoSuchPerson,))
    async def show(self) -> None:
        """Show a user with the logins."""
        self.ctx.api_success(await self.ctx.service.admin.accounts.show(self.user_id))

    @permissions.allows(*permissions.DISABLE)
    @describe(body=Because, errors=(NoSuchPerson, IsAdministrator))
    async def disable(self) -> None:
        """Disable a user, and close the user's sockets."""
        await self._set_enabled(False)

    @permissions.allows(*permissions.DISABLE)
    @describe(body=Because, errors=(NoSuchPerson, IsAdministrator))
    async def enable(self) -> None:
        """Enable a user again."""
        await self._set_enabled(True)

    async def _set_enabled(self, enabled: bool) -> None:
        reason, actor = self.ctx.read(Because).reason, Actor.of_request(self.ctx)
        await self.ctx.service.admin.accounts.set_enabled(
            actor, self.user_id, enabled=enabled, reason=reason
        )
        self.ctx.api_success({})

    @permissions.allows(*permissions.DISABLE)
    @describe(answer=Ended, errors=(NoSuchPerson, IsAdministrator))
    async def end_logins(self) -> None:
        """End all logins of a user."""
        actor, accounts = Actor.of_request(self.ctx), self.ctx.service.admin.accounts
        self.ctx.api_success(Ended(await accounts.end_logins(actor, self.user_id)))

    @permissions.allows(*permissions.DISABLE)
    @describe(answer=Ended, errors=(NoSuchPerson, IsAdministrator))
    async def end_login(self) -> None:
        """End one login of a user."""
        path = self.ctx.read(LoginPath, self.ctx.params)
        actor, accounts = Actor.of_request(self.ctx), self.ctx.service.admin.accounts
        self.ctx.api_success(Ended(await accounts.end_logins(actor, path.id, path.login)))

    @permissions.allows(*permissions.DISABLE)
    @describe(body=Because, answer=NewReset, errors=(NoSuchPerson, IsAdministrator))
    async def reset_password(self) -> None:
        """Issue a one-time token with which a user sets a new password."""
        reason, actor = self.ctx.read(Because).reason, Actor.of_request(self.ctx)
        accounts = self.ctx.service.admin.accounts
        self.ctx.api_success(await accounts.reset_password(actor, self.user_id, reason))

    @permissions.allows(*permissions.DISABLE)
    @describe(body=DeleteUser, errors=(NoSuchPerson, IsAdministrator, OwnsGroups))
    async def delete(self) -> None:
        """Delete a user's account."""
        body, actor = self.ctx.read(DeleteUser), Actor.of_request(self.ctx)
        await self.ctx.service.admin.accounts.delete(
            actor, self.user_id, erase=body.messages == "erase", reason=body.reason
        )
        self.ctx.api_success({})
