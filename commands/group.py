"""`python -m yolk group`: groups."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import Commands, show_time
from services.admin.actor import Actor
from services.admin.groups import GroupAccount

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="The group's id.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Reason = Annotated[str, typer.Option(help="For the audit.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="A part of the name.")]
Owner = Annotated[int | None, typer.Option(min=1, help="Only groups of the user with this id.")]
After = Annotated[int, typer.Option(min=0, help="List only groups with a greater id.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="The largest number of groups.")]
COLUMNS = ("Id", "Name", "Owner", "Members", "Created", "Closed")
ROLES = ("member", "admin", "owner")
MAX_MEMBERS = 5000


class GroupCommands(Commands):
    """List and close groups."""

    async def list(
        self, text: Text = "", owner: Owner = None, after: After = 0, limit: Limit = 50
    ) -> None:
        """List groups, by id."""
        page = await self.ctx.service.admin.groups.page(text, after, limit, owner)
        self.table("Groups", COLUMNS, [_row(group) for group in page.groups])
        if page.more:
            self.say(f"There are more: --after {page.groups[-1].id}")

    async def show(self, group: Id) -> None:
        """Show a group and its members."""
        groups = self.ctx.service.admin.groups
        self.table("Group", COLUMNS, [_row(await groups.show(group))])
        page = await groups.members(group, 0, MAX_MEMBERS)
        rows = [
            (
                one.user_id,
                one.user and one.user.username,
                ROLES[one.role],
                show_time(one.create_time),
            )
            for one in page.members
        ]
        self.table("Members", ("Id", "Username", "Role", "Since"), rows)

    async def delete(self, group: Id, yes: Yes = False, reason: Reason = "") -> None:
        """Close a group: all members are removed."""
        found = await self.ctx.service.admin.groups.show(group)
        question = f"Close the group {found.name} with {found.member_count} members?"
        self.confirm(question, yes=yes)
        await self.ctx.service.admin.groups.close(Actor.of_command_line(), group, reason)
        self.say(f"Closed the group {found.name}.")


def _row(group: GroupAccount) -> tuple[object, ...]:
    return (
        group.id,
        group.name,
        group.owner_id,
        group.member_count,
        show_time(group.create_time),
        show_time(group.close_time),
    )
