"""Groups and their members."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Mount groups, their members, and requests to join."""
    group, http = app.controller.api.chat.group, app.http
    http.post("/chat/groups", authenticate, group.create)
    http.get("/chat/groups/<id:int>", authenticate, group.show)
    http.post("/chat/groups/<id:int>", authenticate, group.change)
    http.post("/chat/groups/<id:int>/dissolve", authenticate, group.dissolve)
    # Members.
    http.get("/chat/groups/<id:int>/members", authenticate, group.members)
    http.post("/chat/groups/<id:int>/leave", authenticate, group.leave)
    http.post("/chat/groups/<id:int>/remove", authenticate, group.remove)
    http.post("/chat/groups/<id:int>/hand_over", authenticate, group.hand_over)
    http.post("/chat/groups/<id:int>/roles", authenticate, group.roles)
    http.post("/chat/groups/<id:int>/mute", authenticate, group.mute)
    http.post("/chat/groups/<id:int>/nickname", authenticate, group.nickname)
    # Joining.
    http.post("/chat/groups/<id:int>/invite", authenticate, group.invite)
    http.post("/chat/groups/<id:int>/join", authenticate, group.join)
    http.get("/chat/groups/<id:int>/requests", authenticate, group.requests)
    http.post("/chat/groups/<id:int>/requests/accept", authenticate, group.accept)
    http.post("/chat/groups/<id:int>/requests/refuse", authenticate, group.refuse)
    # Invitations of the user who asks.
    http.get("/chat/groups/invitations", authenticate, group.invitations)
    http.post("/chat/groups/invitations/accept", authenticate, group.accept_invitation)
    http.post("/chat/groups/invitations/decline", authenticate, group.decline_invitation)
    # Invitation links. Tokens are in bodies, which are not logged.
    http.post("/chat/groups/join", authenticate, group.join_by_link)
    http.post("/chat/groups/preview", authenticate, group.preview)
    http.get("/chat/groups/<id:int>/links", authenticate, group.links)
    http.post("/chat/groups/<id:int>/links", authenticate, group.create_link)
    http.post("/chat/groups/<id:int>/links/qr", authenticate, group.draw_qr)
    http.post("/chat/groups/<id:int>/links/revoke", authenticate, group.revoke_link)
    # Banned users.
    http.get("/chat/groups/<id:int>/bans", authenticate, group.bans)
    http.post("/chat/groups/<id:int>/ban", authenticate, group.ban)
    http.post("/chat/groups/<id:int>/unban", authenticate, group.unban)
