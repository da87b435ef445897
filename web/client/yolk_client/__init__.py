"""
A client of the Yolk chat for bots and other programs, on asyncio.

It needs two packages, `pip install httpx websockets` (httpx 0.28 and websockets 14, or later), and
must be on Python's path: `PYTHONPATH=web/client`. It does everything that docs/protocol.md asks of
a client that loses no messages, as `yolk.js` does.

    client = Client("https://chat.example.com", file="bot.sqlite3")
    await client.login("robot", "its password")
    client.on("message", lambda message: print(message.data))
    await client.run()
"""

from yolk_client.client import Client
from yolk_client.conversations import conv_of_users, peer_of
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
