"""`python -m yolk user`: the accounts of users."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from commands import Commands, show_bool, show_time
from models import User
from services.admin.accounts import UserView
from services.admin.actor import Actor
from services.errors import NoSuchPerson

Name = Annotated[str, typer.Argument(metavar="NAME", help="The username.")]
IsId = Annotated[bool, typer.Option("--id", help="NAME is the user's id.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Erase = Annotated[bool, typer.Option("--erase", help="Also recall all messages of the user.")]
Reason = Annotated[str, typer.Option(help="For the audit.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="The beginning of the username.")]
After = Annotated[str, typer.Option(help="List only users whose username follows this one.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="The largest number of users.")]
Only = Annotated[
    Literal["all", "enabled", "disabled", "administrators"] | None,
    typer.Option(help="Which users to list."),
]
COLUMNS = ("Id", "Username", "Nickname", "Enabled", "Role", "Online")
MAX_ADMINISTRATORS = 1000


class UserCommands(Commands):
    """List and manage the accounts of users."""

    async def list(
        self, text: Text = "", only: Only = "all", after: After = "", limit: Limit = 50
    ) -> None:
        """List users, by username."""
        accounts = self.ctx.service.admin.accounts
        if only == "administrators":
            page = await accounts.administrators(MAX_ADMINISTRATORS)
        else:
            enabled = None if only == "all" else only == "enabled"
            page = await accounts.page(text, after, limit, enabled=enabled)
        self.table("Users", COLUMNS, [_row(account) for account in page.users])
        if page.more:
            self.say(f"There are more: --after {page.users[-1].username}")

    async def show(self, name: Name, is_id: IsId = False) -> None:
        """Show a user with the logins."""
        user = await self._find(name, is_id)
        account = await self.ctx.service.admin.accounts.show(user.id)
        self.table("User", COLUMNS, [_row(account)])
        self.say(f"Open reports of this user: {account.open_reports}")
        rows = [
            (
                login.id,
                login.device,
                login.address,
                show_time(login.create_time),
                show_time(login.use_time),
            )
            for login in account.logins
        ]
        self.table("Logins", ("Id", "Device", "Address", "Since", "Last use"), rows)

    async def disable(self, name: Name, is_id: IsId = False, reason: Reason = "") -> None:
        """Disable a user, and close the user's connections."""
        await self._set_enabled(name, is_id, reason, enabled=False)

    async def enable(self, name: Name, is_id: IsId = False, reason: Reason = "") -> None:
        """Enable a user again."""
        await self._set_enabled(name, is_id, reason, enabled=True)

    async def make_admin(self, name: Name, is_id: IsId = False) -> None:
        """Make a user an administrator of the server."""
        user, roles = await self._find(name, is_id), self.ctx.service.admin.roles
        is_new = await roles.make_administrator(Actor.of_command_line(), user.id)
        state = "is an administrator now" if is_new else "was an administrator already"
        self.say(f"{user.username} {state}.")

    async def revoke_admin(self, name: Name, is_id: IsId = False) -> None:
        """Make an administrator an ordinary user again."""
        user, roles = await self._find(name, is_id), self.ctx.service.admin.roles
        was_one = await roles.revoke_administrator(Actor.of_command_line(), user.id)
        state = "is an ordinary user now" if was_one else "was no administrator"
        self.say(f"{user.username} {state}.")

    async def end_logins(self, name: Name, is_id: IsId = False) -> None:
        """End all logins of a user."""
        user, accounts = await self._find(name, is_id), self.ctx.service.admin.accounts
        ended = await accounts.end_logins(Actor.of_command_line(), user.id)
        self.say(f"Ended {ended} logins of {user.username}.")

    async def reset_password(self, name: Name, is_id: IsId = False, reason: Reason = "") -> None:
        """Print a one-time token with which a user sets a new password."""
        user, accounts = await self._find(name, is_id), self.ctx.service.admin.accounts
        reset = await accounts.reset_password(Actor.of_command_line(), user.id, reason)
        minutes = reset.expires_in // 60
        self.say(f"{user.username} can set a new password once within {minutes} minutes with:")
        self.say(reset.link or reset.token)

    async def delete(
        self,
        name: Name,
        is_id: IsId = False,
        erase: Erase = False,
        yes: Yes = False,
        reason: Reason = "",
    ) -> None:
        """Delete a user's account."""
        user = await self._find(name, is_id)
        self.confirm(f"Delete the account of {user.username} for good?", yes=yes)
        accounts, actor = self.ctx.service.admin.accounts, Actor.of_command_line()
        await accounts.delete(actor, user.id, erase=erase, reason=reason)
        self.say(f"Deleted the account of {user.username}.")

    async def _set_enabled(self, name: str, is_id: bool, reason: str, *, enabled: bool) -> None:
        user = await self._find(name, is_id)
        changed = await self.ctx.service.admin.accounts.set_enabled(
            Actor.of_command_line(), user.id, enabled=enabled, reason=reason
        )
        state = "enabled" if enabled else "disabled"
        self.say(f"{user.username} {f'is {state} now' if changed else f'was {state} already'}.")

    async def _find(self, name: str, is_id: bool) -> User:
        """Return a user; whether *name* is an id is said, because usernames may be digits, too."""
        if not is_id:
            return await self.ctx.service.admin.accounts.find(name)
        if not (name.isascii() and name.isdigit() and 1 <= int(name) < 2**63):
            raise typer.BadParameter(f"{name} is no id")
        user = await User.get_or_none(id=int(name))
        if user is None:
            raise NoSuchPerson
        return user


def _row(account: UserView) -> tuple[object, ...]:
    return (
        account.id,
        account.username,
        account.nickname,
        show_bool(account.enabled),
        account.role,
        show_bool(account.online),
    )
