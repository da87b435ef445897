"""
A bot that answers each text with the same text.

    pip install httpx websockets
    PYTHONPATH=web/client python examples/echo_bot.py http://127.0.0.1:7001 robot 'its password'

It registers its account at the first start, and keeps its state in `echo_bot.sqlite3`: stop it,
write to it, start it again, and it answers what it missed, and nothing twice.
"""

from __future__ import annotations

import asyncio
import sys

from yolk_client import Client, Message, YolkError

NAME_TAKEN = 3011


async def main(url: str, username: str, password: str) -> None:
    """Answer every text until the program is stopped."""
    async with Client(url, file="echo_bot.sqlite3") as client:
        try:
            me = await client.register(username, password)
        except YolkError as error:
            if error.code != NAME_TAKEN:
                raise
            me = await client.login(username, password)

        def echo(message: Message) -> None:
            if message.type == "text" and message.from_id != me.id and not message.isremove:
                client.reply(message, message.data)

        client.on("message", echo)
        await client.run()


asyncio.run(main(*sys.argv[1:4]))
