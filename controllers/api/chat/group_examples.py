"""
Examples of requests about groups.

In the story of `controllers/api/examples.py`, group 1 is Ada's, with Grace, Carol and Dan (users
2, 3 and 4), and Eve and Finn (5 and 6) want to come in. She is in Grace's group 2, owns group 3
too, and is not in group 4.
"""

from __future__ import annotations

from typing import Any

from controllers.api.examples import GRACE
from yolk import Example


def group(id: int, **fields: Any) -> dict[str, Any]:
    """Give a group of Ada's."""
    return {
        "id": id,
        "conv": f"g:{id}",
        "name": "Friends",
        "notice": "",
        "avatar": "",
        "owner_id": 1,
        "invite_role": 0,
        "approval": False,
        "history": True,
        "muted": False,
        "member_count": 2,
        "create_time": 1795424841405,
        "me": {"role": 2, "nickname": "", "muted_until": 0},
        **fields,
    }


CREATE = Example(
    body={"name": "Friends", "members": [2], "history": False},
    answer=group(5, history=False, refused=[]),
)
SHOW = Example(params={"id": 1}, answer=group(1, approval=True, member_count=4))
CHANGE = Example(
    params={"id": 1},
    body={"name": "Good friends", "notice": "Be kind"},
    answer=group(1, name="Good friends", notice="Be kind", approval=True, member_count=4),
)
DISSOLVE = Example(params={"id": 5})

MEMBERS = Example(
    params={"id": 1},
    query={"limit": 1, "after": 1},
    answer={
        "members": [
            {
                "user_id": 2,
                "username": "grace",
                "nickname": "Grace",
                "avatar": "",
                "role": 0,
                "muted_until": 0,
                "online": False,
            }
        ],
        "more": True,
    },
)
LEAVE = Example(params={"id": 2})
REMOVE = Example(params={"id": 1}, body={"users": [4]}, answer={"removed": [4]})
HAND_OVER = Example(params={"id": 3}, body={"user_id": 2}, answer={"owner_id": 2})
ROLES = Example(params={"id": 1}, body={"user_id": 2, "role": 1}, answer={"user_id": 2, "role": 1})
MUTE = Example(
    params={"id": 1},
    body={"user_id": 3, "seconds": 600},
    answer={"user_id": 3, "muted_until": 1795425441405},
)
NICKNAME = Example(params={"id": 1}, body={"nickname": "Countess"}, answer={"nickname": "Countess"})

INVITE = Example(
    params={"id": 1},
    body={"users": [2, 4]},
    answer={"joined": [4], "requested": [], "members": [2], "refused": []},
)
JOIN = Example(params={"id": 4}, body={"text": "It is Ada"}, answer={"state": "joined"})
REQUESTS = Example(
    params={"id": 1},
    answer={
        "requests": [
            {
                "user": GRACE | {"id": 5, "username": "eve", "nickname": "Eve"},
                "inviter_id": None,
                "text": "Let me in",
                "create_time": 1795424841405,
            }
        ],
        "more": False,
    },
)
ACCEPT = Example(params={"id": 1}, body={"users": [5]}, answer={"joined": [5]})
REFUSE = Example(params={"id": 1}, body={"users": [6]}, answer={"refused": [6]})
