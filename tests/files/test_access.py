"""Who may read a file that was sent."""

from __future__ import annotations

from pathlib import Path

from uuid_utils.compat import uuid7

from models import Attachment, File, Member
from tests.conftest import ROOT
from tests.databases import open_orm
from tests.servers import ChatServer


async def test_members_read_the_files_of_their_conversation(
    tmp_path: Path, database_url: str
) -> None:
    """A member may read a file sent after they joined, while both message and membership exist."""
    server = ChatServer(ROOT, tmp_path / "data", {"DATABASE_URL": database_url}).start()
    try:
        users = [await server.user(name) for name in ("ada", "grace", "late", "gone", "nobody")]
        ada, grace, late, gone, _ = users
        answer = await server.ask(
            "POST", "/upload", token=ada.token, files={"file": ("a.txt", b"words")}
        )
        info = answer.json()["data"]
        async with open_orm(tmp_path, database_url):
            file = await File.get(id=info["id"])
            message = await Attachment.create(
                message_id=uuid7(), file_id=file.id, conv="g:77", seq=5
            )
            await Attachment.create(message_id=uuid7(), file_id=file.id, conv="g:78", seq=1)
            for user, join_seq in ((grace, 4), (late, 5), (gone, 0)):
                await Member.create(conv="g:77", user_id=user.id, join_seq=join_seq)
            await Member.filter(conv="g:77", user_id=gone.id).delete()

            async def may_read() -> list[str]:
                found = []
                for user in users:
                    one = await server.ask("GET", info["url"], token=user.token)
                    links = (await user.post("/files/links", ids=[info["id"]]))["links"]
                    assert (one.status_code == 200) == (info["id"] in links)
                    if one.status_code == 200:
                        found.append(user.username.partition("-")[0])
                return found

            before = await may_read()
            await message.delete()  # as a recall does
            after = await may_read()
    finally:
        server.stop()

    assert before == ["ada", "grace"]
    assert after == ["ada"]
