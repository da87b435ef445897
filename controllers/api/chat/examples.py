"""
Examples of requests about messages, conversations and people whom one wants to hear from.

In the story of `controllers/api/examples.py`, Ada wrote to Grace two times before.
"""

from __future__ import annotations

from typing import Any

from controllers.api.examples import ADA, GRACE
from yolk import Example

FIRST = "01a207a8-eebd-7473-8832-dbf9fe8f35e3"
SECOND = "01a207a9-0401-7339-8d11-4104fddfb494"
THIRD = "01a207a9-1b4c-7d20-9a3e-5c1f0b6a7d42"
ENTRY = "01a207a9-2f90-7a11-8c55-0d9e8f7a6b31"


def message(seq: int, id: str, data: str, **fields: Any) -> dict[str, Any]:
    """Give a message of Ada's to Grace."""
    return {
        "id": id,
        "conv": "s:1:2",
        "seq": seq,
        "cid": f"c{seq}",
        "from_id": 1,
        "to_id": 2,
        "chat_type": "single",
        "type": "text",
        "data": data,
        "options": None,
        "create_time": 1795424841405 + seq,
        "isremove": 0,
        **fields,
    }


SENT = message(3, THIRD, "Hello Grace")
CHANGED = message(2, SECOND, "See you at eight", edit_time=1795424900000)
RECALLED = message(4, ENTRY, "", cid=None, type="recall", options={"target": FIRST, "seq": 1})

SEND = Example(
    body={"to_id": 2, "cid": "c3", "data": "Hello Grace", "options": {"reply_to": SECOND}},
    answer=SENT | {"options": {"reply_to": SECOND}},
)
GET_MESSAGE = Example(
    body={"limit": 100},
    answer=[message(1, THIRD, "Hello Ada", conv="s:1:3", from_id=3, to_id=1, cid=None)],
)
SYNC = Example(
    body={"cursors": {"s:1:2": 2}, "limit": 50},
    answer={
        "conversations": [
            {
                "conv": "s:1:2",
                "chat_type": "single",
                "last_seq": 3,
                "join_seq": 0,
                "delivered_seq": 2,
                "read_seq": 2,
                "unread": 0,
                "pin_time": 0,
                "quiet": 0,
                "hidden_seq": 0,
                "messages": [SENT],
                "more": False,
                "gone": False,
            }
        ],
        "more": False,
    },
)
TYPING = Example(body={"to_id": 2})
PRESENCE = Example(body={"users": [1, 2]}, answer={"online": [1]})
RECALL = Example(body={"id": FIRST}, answer=RECALLED)
EDIT = Example(body={"id": SECOND, "data": "See you at eight"}, answer=CHANGED)

CONVERSATIONS = Example(
    query={"limit": 50},
    answer=[
        {
            "conv": "s:1:2",
            "chat_type": "single",
            "peer": GRACE,
            "group": None,
            "last_seq": 3,
            "join_seq": 0,
            "read_seq": 3,
            "delivered_seq": 3,
            "peer_read_seq": 2,
            "peer_delivered_seq": 3,
            "unread": 0,
            "pin_time": 0,
            "quiet": 0,
            "update_time": 1795424841408,
            "place": "0:1795424841408:s:1:2",
            "last": SENT,
        }
    ],
)
UNREAD = Example(answer={"total": 3, "quiet": 1, "conversations": 2})
HISTORY = Example(
    query={"conv": "s:1:2", "before": 3, "limit": 1}, answer={"messages": [CHANGED], "more": True}
)
PIN = Example(
    body={"conv": "s:1:2", "on": True},
    answer={"conv": "s:1:2", "pin_time": 1795424950000, "quiet": 0, "hidden_seq": 0},
)
QUIET = Example(
    body={"conv": "s:1:2", "on": True},
    answer={"conv": "s:1:2", "pin_time": 1795424950000, "quiet": 1, "hidden_seq": 0},
)
HIDE = Example(
    body={"conv": "s:1:2"},
    answer={"conv": "s:1:2", "pin_time": 0, "quiet": 1, "hidden_seq": 3},
)
CURSOR = Example(body={"conv": "s:1:2", "seq": 2})
READERS = Example(
    body={"id": SECOND}, answer={"count": 1, "total": 1, "readers": [GRACE], "more": False}
)

FIND = Example(
    query={"text": "eight"}, answer={"messages": [CHANGED], "more": False, "before": "7"}
)

BLOCK = Example(body={"user_id": 3, "on": True})
BLOCKED = Example(answer={"people": [ADA | {"id": 3, "username": "carol"}], "more": False})
PREFERENCES = Example(answer={"strangers": "freely"})
DECIDE = Example(body={"strangers": "one"}, answer={"strangers": "one"})
