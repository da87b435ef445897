"""Groups, for administrators."""

from __future__ import annotations

from controllers.api.admin.requests import Because, GroupSearch, IdPath, Page
from extend.context import Context
from services.admin.actor import Actor
from services.admin.groups import GroupAccount, GroupMemberPage, GroupPage
from services.errors import NoGroup
from yolk import Controller, describe


class GroupsController(Controller[Context]):
    """A controller with which administrators see and close groups."""

    section = "Administration: groups"
    section_summary = "Search and close groups."

    @property
    def group_id(self) -> int:
        """The id of the group in the path."""
        return self.ctx.read(IdPath, self.ctx.params).id

    @describe(query=GroupSearch, answer=GroupPage)
    async def search(self) -> None:
        """List groups, by id."""
        query = self.ctx.read(GroupSearch, self.ctx.query)
        groups = self.ctx.service.admin.groups
        self.ctx.api_success(await groups.page(query.q, query.after, query.limit, query.owner_id))

    @describe(answer=GroupAccount, errors=(NoGroup,))
    async def show(self) -> None:
        """Show a group."""
        self.ctx.api_success(await self.ctx.service.admin.groups.show(self.group_id))

    @describe(query=Page, answer=GroupMemberPage, errors=(NoGroup,))
    async def members(self) -> None:
        """List the members of a group, by user id."""
        query = self.ctx.read(Page, self.ctx.query)
        groups = self.ctx.service.admin.groups
        self.ctx.api_success(await groups.members(self.group_id, query.after, query.limit))

    @describe(body=Because, errors=(NoGroup,))
    async def close(self) -> None:
        """Close a group: all members are removed."""
        body, actor = self.ctx.read(Because), Actor.of_request(self.ctx)
        await self.ctx.service.admin.groups.close(actor, self.group_id, body.reason)
        self.ctx.api_success({})
