"""
Examples of requests about accounts and people.

They tell one story, with those of `controllers/api/chat/examples.py`: Ada is user 1, Grace 2. The
tests run all of them, in the order of the routes.
"""

from __future__ import annotations

from yolk import Example

ADA = {"id": 1, "username": "ada", "nickname": "ada", "avatar": "", "online": True}
GRACE = {"id": 2, "username": "grace", "nickname": "Grace", "avatar": "", "online": False}

REFRESH_TOKEN = "j3McPh2dYwVcS0bqS1t5mXG8mVzWcBvX3m1oWqkP5uE"  # noqa: S105 - it opens nothing
LOGIN = {
    "id": 7,
    "username": "hopper",
    "nickname": "Hopper",
    "avatar": "",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6N30.c2lnbmF0dXJl",
    "expires_in": 7200,
    "refresh_token": REFRESH_TOKEN,
}

REGISTER = Example(
    body={"username": "hopper", "password": "correct horse", "nickname": "Hopper"}, answer=LOGIN
)
LOG_IN = Example(body={"username": "hopper", "password": "correct horse"}, answer=LOGIN)
REFRESH = Example(body={"refresh_token": REFRESH_TOKEN}, answer=LOGIN)
LOG_OUT = Example()
TICKET = Example(answer={"ticket": "hZ0tqT2V2sJm2mJw5c9tWQ8dYp1Xo3aR", "expires_in": 30})

SEARCH = Example(query={"q": "gr"}, answer=[GRACE])
SHOW = Example(params={"id": 2}, answer=GRACE)
