"""Texts from before a member joined a group without history: no way leads to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.chat.test_attachments import add_file
from tests.chat.test_search import indexed, search
from tests.groups import in_group, make_group, people, refusal
from yolk.testing import Server, Socket, User

STEPS = 30
MISSING = "zzqqxxjj"
"""A word that nobody writes."""


@dataclass
class Written:
    """A message of the group, and every text that it ever had."""

    id: str
    seq: int
    author: User
    texts: list[str]
    file: str | None = None
    recalled: bool = False


@dataclass
class Member:
    """A user, with the socket on which the group's events arrive."""

    user: User
    socket: Socket
    join_seq: int | None = None
    """Only later events are visible; None for a user who is not a member."""


@dataclass
class Story:
    """A group whose members change while they write."""

    server: Server
    random: Random
    group: Any
    members: list[Member]
    written: list[Written] = field(default_factory=list)
    history: bool = False
    last_seq: int = 0
    words: int = 0
    hidden_from_members: int = 0
    """Hidden messages that members looked for."""

    def word(self) -> str:
        """Return a word that nothing else contains."""
        self.words += 1
        return f"{self.random.getrandbits(64):016x}w{self.words}"

    def present(self) -> list[Member]:
        """Return the present members; the first of all is the owner."""
        return [one for one in self.members if one.join_seq is not None]

    def hidden(self, member: Member) -> list[Written]:
        """Return the messages that a user may not see."""
        join = self.last_seq if member.join_seq is None else member.join_seq
        return [one for one in self.written if one.seq <= join]

    def visible(self, member: Member) -> list[Written]:
        """Return the messages that a user may see, without recalled ones."""
        hidden = self.hidden(member)
        return [one for one in self.written if one not in hidden and not one.recalled]

    # --- what happens

    async def step(self) -> None:
        """Do something at random."""
        often, rare = (self.write, self.edit, self.join), (self.reply, self.forward, self.upload)
        acts = [*(often * 3), self.edit, *rare, self.recall, self.leave, self.remove, self.toggle]
        await self.random.choice(acts)()

    async def send(self, author: Member, texts: list[str], **message: Any) -> None:
        body = {"to_id": self.group["id"], "chat_type": "group", **message}
        sent = await author.user.post("/chat/send", **body)
        written = Written(sent["id"], sent["seq"], author.user, texts, message.get("file"))
        self.written.append(written)
        await self.happened(sent["seq"])

    async def write(self) -> None:
        text = self.word()
        await self.send(self.random.choice(self.present()), [text], data=text)

    async def reply(self) -> None:
        author, text = self.random.choice(self.present()), self.word()
        if messages := self.visible(author):
            options = {"reply_to": self.random.choice(messages).id}
            await self.send(author, [text], data=text, options=options)

    async def forward(self) -> None:
        author, text = self.random.choice(self.present()), self.word()
        if messages := self.visible(author):
            options = {"forward_of": self.random.choice(messages).id}
            await self.send(author, [text], data=text, options=options)

    async def upload(self) -> None:
        author, name = self.random.choice(self.present()), f"{self.word()}.png"
        url = add_file(self.server, author.user, name=name)
        await self.send(author, [name, url], data=url, type="image")
        self.written[-1].file = url

    async def edit(self) -> None:
        """Edit a message, in most cases an old one; its author must still see it."""
        texts = [one for one in self.written if one.file is None and not one.recalled]
        if not texts:
            return
        message = texts[int(len(texts) * self.random.random() ** 2)]
        author = next(one for one in self.members if one.user is message.author)
        text = self.word()
        answer = await ask(author.user, "/chat/edit", id=message.id, data=text)
        if message in self.hidden(author):
            assert answer == 2006
            return
        message.texts.append(text)
        await self.happened(self.last_seq + 1)

    async def recall(self) -> None:
        author = self.random.choice(self.present())
        own = [one for one in self.visible(author) if one.author is author.user]
        if own:
            message = self.random.choice(own)
            await author.user.post("/chat/recall", id=message.id)
            message.recalled = True
            await self.happened(self.last_seq + 1)

    async def toggle(self) -> None:
        self.history = self.random.random() < 0.2
        before = self.last_seq
        shown = await in_group(self.members[0].user, self.group, "", history=self.history)
        assert shown["history"] == self.history
        last = await self.read_last_seq()
        if last > before:
            await self.happened(last)

    async def join(self) -> None:
        out = [one for one in self.members if one.join_seq is None]
        if out:
            member, inviter = self.random.choice(out), self.members[0].user
            await in_group(inviter, self.group, "/invite", users=[member.user.id])
            member.join_seq = 0 if self.history else self.last_seq
            await self.happened(self.last_seq + 1)

    async def leave(self) -> None:
        others = self.present()[1:]
        if others:
            member = self.random.choice(others)
            await in_group(member.user, self.group, "/leave")
            await self.gone(member)

    async def remove(self) -> None:
        others = self.present()[1:]
        if others:
            member = self.random.choice(others)
            await in_group(self.members[0].user, self.group, "/remove", users=[member.user.id])
            await self.gone(member)

    async def gone(self, member: Member) -> None:
        await self.happened(self.last_seq + 1)
        member.join_seq = None

    # --- what is seen

    async def read_last_seq(self) -> int:
        page = await self.members[0].user.get("/chat/history", conv=self.group["conv"], limit=1)
        return int(page["messages"][-1]["seq"])

    async def happened(self, seq: int) -> None:
        """Wait until all members got the event, and check what was pushed to everybody."""
        assert seq == self.last_seq + 1
        for member in self.members:
            if member.join_seq is not None:
                while True:
                    entry = (await member.socket.wait_for(type="message"))["data"]
                    if entry["conv"] == self.group["conv"] and entry["seq"] == seq:
                        break
                self.check(member, json.dumps(entry))
            await member.socket.request("ping")
            self.check(member, json.dumps(member.socket.passed))
            member.socket.passed.clear()
        self.last_seq = seq

    def check(self, member: Member, seen: str) -> None:
        """Check that something holds no hidden text."""
        for message in self.hidden(member):
            for text in message.texts:
                assert text not in seen, (message.seq, member.join_seq)

    async def look(self, member: Member) -> None:
        """Look for hidden texts in every way."""
        user, conv = member.user, self.group["conv"]
        seen = [
            await ask(user, "/chat/sync", cursors={conv: 0}, limit=200),
            await ask(user, "/chat/sync", cursors={}, limit=200),
            await user.get("/chat/conversations"),
            await ask(user, "/chat/getmessage", ack=True, limit=200),
        ]
        for cursor in ({}, {"after": 0}, {"before": 10**6}, {"before": self.last_seq + 1}):
            path, asked = "/chat/history", {"conv": conv, "limit": 200, **cursor}
            answer = await self.server.ask("GET", path, token=user.token, params=asked)
            seen.append(answer.json())
        self.check(member, json.dumps(seen))
        await self.search(member)
        for message in self.random.sample(self.hidden(member), min(3, len(self.hidden(member)))):
            await self.probe(member, message)
        if member.join_seq is not None:
            self.hidden_from_members += len(self.hidden(member))
            page = await user.get("/chat/history", conv=conv, after=member.join_seq, limit=200)
            seqs = [one["seq"] for one in page["messages"]]
            assert seqs == [*range(member.join_seq + 1, self.last_seq + 1)]
            shown = json.dumps(page)
            assert all(one.texts[-1] in shown for one in self.visible(member))

    async def search(self, member: Member) -> None:
        """Search for hidden texts: the answer is that of a word that nobody wrote."""
        user = member.user
        nothing = await search(user, MISSING)
        hidden = self.hidden(member)
        for message in self.random.sample(hidden, min(4, len(hidden))):
            for text in message.texts:
                assert await search(user, text) == nothing
                assert await search(user, text[:6], limit=1) == nothing
        for message in self.visible(member)[-3:]:
            if message.file is None and member.join_seq is not None:
                found = await search(user, message.texts[-1])
                assert [one["id"] for one in found["messages"]] == [message.id]

    async def probe(self, member: Member, message: Written) -> None:
        """Ask for a hidden message by its id."""
        user = member.user
        assert await ask(user, "/chat/readers", id=message.id) == 2006
        assert await ask(user, "/chat/recall", id=message.id) == 2006
        assert await ask(user, "/chat/edit", id=message.id, data="x") == 2006
        other = {"to_id": self.members[0].user.id, "data": "x"}
        answer = await ask(user, "/chat/send", **other, options={"forward_of": message.id})
        assert answer == 2043
        here = {"to_id": self.group["id"], "chat_type": "group", "data": "x"}
        answer = await ask(user, "/chat/send", **here, options={"reply_to": message.id})
        assert answer == 2042
        if message.file is not None and message.author is not user:
            for end in ("", "/info", "/thumbnail"):
                answer = await self.server.ask("GET", message.file + end, token=user.token)
                assert answer.status_code == 404
            stolen = {**other, "data": message.file, "type": "image"}
            assert await ask(user, "/chat/send", **stolen) == 2060


async def ask(user: User, path: str, **body: Any) -> Any:
    """Send a request, and return the data of the answer, or the code of the refusal."""
    answer = (await user.server.ask("POST", path, token=user.token, json=body)).json()
    return answer["data"] if answer["msg"] == "ok" else answer["code"]


@pytest.mark.parametrize("seed", [2, 3, 7])
async def test_no_way_leads_to_texts_before_the_join(server: Server, seed: int) -> None:
    """Whoever joins, leaves, writes, edits, replies, forwards: members see only later texts."""
    users = people(server, 5)
    made = await make_group(*users[:2], history=False)
    members = [Member(one, await one.connect()) for one in users]
    members[0].join_seq = members[1].join_seq = 0
    story = Story(server, Random(seed), made, members, last_seq=1)
    for number in range(1, STEPS + 1):
        await story.step()
        if number % 10 == 0:
            await indexed(server)
            for member in members:
                await story.look(member)
    assert story.hidden_from_members


async def test_an_edit_has_no_text_for_later_members(server: Server) -> None:
    """They get the event, so that their sequence has no gap; others get the text."""
    ada, bob, dave = people(server, 3)
    made = await make_group(ada, bob, history=False)
    body = {"to_id": made["id"], "chat_type": "group"}
    old = await ada.post("/chat/send", data="the old secret", **body)
    await in_group(ada, made, "/invite", users=[dave.id])
    his, theirs = await bob.connect(), await dave.connect()

    await ada.post("/chat/edit", id=old["id"], data="the new secret")

    shown = (await his.wait_for(type="message"))["data"]
    blank = (await theirs.wait_for(type="message"))["data"]
    assert (shown["data"], blank["data"]) == ("the new secret", "")
    assert blank["options"] == {**shown["options"], "hidden": True}
    assert {**blank, "data": "", "options": 0} == {**shown, "data": "", "options": 0}
    [missed] = (await theirs.request("sync"))["data"]["conversations"]
    assert missed["messages"][-1] == blank
    [listed] = await dave.get("/chat/conversations")
    assert listed["last"] == blank
    assert (await dave.post("/chat/getmessage"))[-1] == blank
    pulled = await dave.get("/chat/history", conv=made["conv"])
    assert pulled["messages"][-1] == blank


async def test_search_does_not_tell_that_there_are_hidden_texts(server: Server) -> None:
    """The answer is the same whether hidden messages contain the text or not."""
    ada, dave = people(server, 2)
    made = await make_group(ada, history=False)
    body = {"to_id": made["id"], "chat_type": "group"}
    for _ in range(30):
        await ada.post("/chat/send", data="a hidden password", **body)
    await in_group(ada, made, "/invite", users=[dave.id])
    await indexed(server)

    nothing = await search(dave, MISSING)
    for asked in ({}, {"limit": 1}, {"conv": made["conv"]}):
        assert await search(dave, "hidden", **asked) == nothing
    await in_group(dave, made, "/leave")
    assert await search(dave, "hidden") == nothing
    assert await refusal(dave, made, "/leave") == (404, 2010)
