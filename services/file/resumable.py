"""Uploads that go on where they were, after a cut or a restart: what tus is made of."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from uuid_utils.compat import UUID

from services.errors import (
    ChecksumMismatch,
    FileTooLarge,
    NoFile,
    OffsetConflict,
    Refused,
    TooManyBytes,
    UploadBroken,
    UploadInUse,
)
from services.file.info import FileInfo
from services.file.intake import COUNTED_FOR, Intake
from services.file.upload import Upload, digest_of

KEPT = (UploadBroken, OffsetConflict, ChecksumMismatch)
"""What a client can make good."""


class State(msgspec.Struct, kw_only=True):
    """What is known of a resumable upload, beside what has come of it."""

    user_id: int
    name: str
    folder: str
    length: int
    expire_time: int
    """Seconds since 1970."""
    done: bool = False
    """Whether it has become a file, of the same id. It is remembered for a client that did not
    hear so."""


class Piece(NamedTuple):
    """A part of an upload that somebody sends."""

    offset: int
    """How many bytes the client believes to be there."""
    chunks: AsyncIterator[bytes]
    length: int | None
    """How many bytes the client says will come."""
    checksum: tuple[str, bytes] | None
    """How to hash what comes, and what that has to give."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is."""

    id: str
    offset: int
    length: int
    expire_time: int
    info: FileInfo | None = None
    """The file, in the answer that made it."""
    done: bool = False


class Resumable:
    """
    The resumable uploads of this machine.

    Args:
        intake: what takes them in.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def create(self, user_id: int, name: str, folder: str, length: int) -> Progress:
        """
        Begin an upload.

        Raises:
            FileTooLarge: no file may be so long.
            TooManyBytes: this person has too much on the way.
            StorageUnavailable: the disk is full, or away.
        """
        intake = self._intake
        if length > intake.largest:
            raise FileTooLarge
        upload = await intake.open()
        try:
            state = State(
                user_id=user_id,
                name=name,
                folder=folder,
                length=length,
                expire_time=self._expiry(),
            )
            await intake.allowance.take(user_id, upload.folder.name, length, COUNTED_FOR)
            await intake.run(upload.write, "state", state)
            info = await intake.complete(self._finish(upload, state)) if length == 0 else None
        except BaseException:
            await intake.complete(intake.abandon(upload))
            raise
        await intake.complete(intake.run(upload.let_go))
        return _progress(upload, state, info)

    async def find(self, user_id: int, upload_id: str) -> Progress:
        """
        Tell how far an upload is.

        Raises:
            NoFile: there is no such upload of this person, or not any more.
        """
        folder = self._folder(upload_id)
        return await self._intake.run(_look, folder, user_id)

    async def add(self, user_id: int, upload_id: str, piece: Piece) -> Progress:
        """
        Add what comes. When that is all, it becomes a file.

        What came stays, however this ends, unless the file may not be here at all.

        Args:
            user_id: who sends it.
            upload_id: which.
            piece: what comes.

        Raises:
            NoFile: there is no such upload of this person, or not any more.
            UploadInUse: another request adds to it just now.
            OffsetConflict: there are more bytes, or fewer.
            ChecksumMismatch: what came is not what was sent; it is forgotten.
            UploadBroken: more came than the upload is long.
            Refused: what the file holds may not be here; the upload is gone.
        """
        intake = self._intake
        upload, state = await self._hold(user_id, upload_id)
        try:
            if piece.offset != (state.length if state.done else upload.size):
                raise OffsetConflict
            if state.done:
                return _progress(upload, state, None)
            if piece.length is not None and piece.length > state.length - upload.size:
                raise UploadBroken
            state.expire_time = self._expiry()
            await intake.run(upload.write, "state", state)
            if upload.size < state.length:
                await self._take(upload, state, piece)
            info = None
            if upload.size == state.length:
                info = await intake.complete(self._finish(upload, state))
            return _progress(upload, state, info)
        except Refused as error:
            if not (error.temporary or isinstance(error, KEPT)):
                await intake.complete(intake.abandon(upload))
            raise
        finally:
            await intake.complete(self._let_go(upload, state))

    async def remove(self, user_id: int, upload_id: str) -> None:
        """
        End an upload; a file that it has become stays.

        Raises:
            NoFile: there is no such upload of this person, or not any more.
            UploadInUse: a request adds to it just now.
        """
        upload, _ = await self._hold(user_id, upload_id)
        await self._intake.complete(self._intake.abandon(upload))
        await self._intake.allowance.give_back(user_id, upload.folder.name)

    async def _hold(self, user_id: int, upload_id: str) -> tuple[Upload, State]:
        folder = self._folder(upload_id)
        await self._intake.run(_state_of, folder, user_id)
        upload = await self._intake.hold(folder)
        if upload is None:
            raise UploadInUse
        try:
            # Once more, now that nobody else changes it.
            state = await self._intake.run(_state_of, folder, user_id)
            if await self._intake.run(upload.read, "placing"):
                upload.size = state.length  # all has come, and was just being stored
            return upload, state
        except BaseException:
            await self._intake.complete(self._intake.run(upload.let_go))
            raise

    async def _take(self, upload: Upload, state: State, piece: Piece) -> None:
        """Write what comes of a piece; with a checksum, all of it or nothing."""
        intake = self._intake
        good = piece.checksum is None
        try:
            chunks = _at_most(piece.chunks, state.length - upload.size)
            await intake.fill(upload, state.user_id, chunks, state.length)
            if piece.checksum is not None:
                algorithm, expected = piece.checksum
                found = await intake.run(digest_of, upload.content, algorithm, piece.offset)
                good = hmac.compare_digest(found.digest(), expected)
                if not good:
                    raise ChecksumMismatch
            await intake.limit_of(upload)
        finally:
            if not good:
                await intake.complete(intake.run(upload.cut, piece.offset))
            await intake.complete(intake.run(upload.flush))

    async def _finish(self, upload: Upload, state: State) -> FileInfo:
        info = await self._intake.finish(upload, state.user_id, state.name, state.folder)
        state.done = True
        await self._intake.run(upload.write, "state", state)
        await self._intake.run((upload.folder / "placing").unlink, True)
        return info

    async def _let_go(self, upload: Upload, state: State) -> None:
        intake, name = self._intake, upload.folder.name
        await intake.run(upload.let_go)
        if state.done or not await intake.run(upload.folder.exists):
            await intake.allowance.give_back(state.user_id, name)
            return
        # What waits to be resumed takes room, and counts for as long.
        with suppress(TooManyBytes):
            seconds = intake.settings.upload_expires_in
            await intake.allowance.take(state.user_id, name, upload.size, seconds)

    def _folder(self, upload_id: str) -> Path:
        try:
            return self._intake.storage.incoming / str(UUID(upload_id))
        except ValueError:
            raise NoFile from None

    def _expiry(self) -> int:
        return int(time.time()) + self._intake.settings.upload_expires_in


def read_state(folder: Path) -> State | None:
    """Give what is known of an upload; None where it is none that can be resumed."""
    try:
        return msgspec.json.decode((folder / "state").read_bytes(), type=State)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def _state_of(folder: Path, user_id: int) -> State:
    state = read_state(folder)
    if state is None or state.user_id != user_id or state.expire_time <= time.time():
        raise NoFile
    return state


def _look(folder: Path, user_id: int) -> Progress:
    state = _state_of(folder, user_id)
    try:
        size = state.length if state.done else (folder / "content").stat().st_size
    except FileNotFoundError:
        # Nothing came yet; or all did, and it is being stored.
        size = state.length if (folder / "placing").exists() else 0
    return Progress(
        id=folder.name,
        offset=size,
        length=state.length,
        expire_time=state.expire_time,
        done=state.done,
    )


def _progress(upload: Upload, state: State, info: FileInfo | None) -> Progress:
    return Progress(
        id=upload.folder.name,
        offset=state.length if state.done else upload.size,
        length=state.length,
        expire_time=state.expire_time,
        info=info,
        done=state.done,
    )


async def _at_most(chunks: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
    """
    Give what comes, up to so many bytes.

    Raises:
        UploadBroken: more came.
    """
    async for chunk in chunks:
        if len(chunk) > left:
            yield chunk[:left]
            raise UploadBroken
        left -= len(chunk)
        yield chunk
