"""
A client of the Yolk chat for bots and other programs, on asyncio.

It needs two packages, `pip install httpx websockets` (httpx 0.28 and websockets 14, or later), and
to be where Python finds it: `PYTHONPATH=web/client`. What a client does to lose nothing stands in
docs/protocol.md; this one does it all. It is the twin of `yolk.js`.

    client = Client("https://chat.example.com", file="bot.sqlite3")
    await client.login("robot", "its password")
    client.on("message", lambda message: print(message.data))
    await client.run()
"""

from yolk_client.client import Client, conv_of_users, peer_of
from yolk_client.errors import YolkError
from yolk_client.http import Token
from yolk_client.store import FileInUse
from yolk_client.types import FileInfo, Message, OutboxEntry, Page, Person, State

__all__ = [
    "Client",
    "FileInUse",
    "FileInfo",
    "Message",
    "OutboxEntry",
    "Page",
    "Person",
    "State",
    "Token",
    "YolkError",
    "conv_of_users",
    "peer_of",
]
