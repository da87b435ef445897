"""Uploads in several requests, which resume after a disconnect or a restart (tus)."""

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
from services.file.upload import Upload, digest_of
from services.file.uploader import RESERVATION_SECONDS, Uploader

RECOVERABLE_ERRORS = (UploadBroken, OffsetConflict, ChecksumMismatch)
"""Errors after which the client can continue; others end the upload."""


class State(msgspec.Struct, kw_only=True):
    """The state of a resumable upload, stored beside its content."""

    user_id: int
    name: str
    folder: str
    length: int
    expire_time: int
    """Seconds since 1970."""
    done: bool = False
    """Whether it has become a file of the same id. Kept for clients that missed the answer."""


class Piece(NamedTuple):
    """A part of an upload, sent in one request."""

    offset: int
    """The number of bytes that the client believes to be stored."""
    chunks: AsyncIterator[bytes]
    length: int | None
    """The number of bytes that the client declares."""
    checksum: tuple[str, bytes] | None
    """The algorithm and the expected digest of the piece."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of an upload."""

    id: str
    offset: int
    length: int
    expire_time: int
    info: FileInfo | None = None
    """The file, in the answer to the request that completed it."""
    done: bool = False


class ResumableUploads:
    """
    The resumable uploads of this machine.

    Args:
        uploader: the uploader of this worker.
    """

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader

    async def create(self, user_id: int, name: str, folder: str, length: int) -> Progress:
        """
        Create an upload.

        Raises:
            FileTooLarge: no file may be that large.
            TooManyBytes: the user's quota is exceeded.
            FileSpaceFull: the user keeps too many files.
            StorageUnavailable: the disk is full or unavailable.
        """
        uploader = self._uploader
        if length > uploader.max_bytes:
            raise FileTooLarge
        await uploader.space.check(user_id, length)
        upload = await uploader.create()
        try:
            state = State(
                user_id=user_id,
                name=name,
                folder=folder,
                length=length,
                expire_time=self._expiry(),
            )
            await uploader.quota.reserve(user_id, upload.id, length, RESERVATION_SECONDS)
            await uploader.run(upload.write, "state", state)
            info = await uploader.complete(self._finish(upload, state)) if length == 0 else None
        except BaseException:
            await uploader.complete(uploader.discard(upload))
            raise
        await uploader.run(upload.close)
        return _progress(upload, state, info)

    async def find(self, user_id: int, upload_id: str) -> Progress:
        """
        Return the progress of an upload.

        Raises:
            NoFile: the user has no such upload, or it has expired.
        """
        folder = self._folder(upload_id)
        return await self._uploader.run(_find_progress, folder, user_id)

    async def add(self, user_id: int, upload_id: str, piece: Piece) -> Progress:
        """
        Append a piece to an upload. The last one makes a file of it.

        The received bytes are kept however this ends, unless the file is refused.

        Args:
            user_id: the user who uploads.
            upload_id: the upload.
            piece: the piece.

        Raises:
            NoFile: the user has no such upload, or it has expired.
            UploadInUse: another request appends to it.
            OffsetConflict: more or fewer bytes than `piece.offset` are stored.
            ChecksumMismatch: the piece is not what the client sent, and is dropped.
            UploadBroken: the piece is longer than the rest of the upload.
            Refused: the file is not allowed; the upload is removed.
        """
        uploader = self._uploader
        upload, state = await self._open(user_id, upload_id)
        try:
            if piece.offset != (state.length if state.done else upload.size):
                raise OffsetConflict
            if state.done:
                return _progress(upload, state, None)
            if piece.length is not None and piece.length > state.length - upload.size:
                raise UploadBroken
            state.expire_time = self._expiry()
            await uploader.run(upload.write, "state", state)
            if upload.size < state.length:
                await self._write(upload, state, piece)
            info = None
            if upload.size == state.length:
                info = await uploader.complete(self._finish(upload, state))
            return _progress(upload, state, info)
        except Refused as error:
            if not (error.temporary or isinstance(error, RECOVERABLE_ERRORS)):
                await uploader.complete(uploader.discard(upload))
            raise
        finally:
            await uploader.complete(self._close(upload, state))

    async def remove(self, user_id: int, upload_id: str) -> None:
        """
        Remove an upload. The file that was made of it is kept.

        Raises:
            NoFile: the user has no such upload, or it has expired.
            UploadInUse: a request appends to it.
        """
        upload, _ = await self._open(user_id, upload_id)
        await self._uploader.complete(self._uploader.discard(upload))
        await self._uploader.quota.release(user_id, upload.id)

    async def _open(self, user_id: int, upload_id: str) -> tuple[Upload, State]:
        folder = self._folder(upload_id)
        await self._uploader.run(_load_state, folder, user_id)
        upload = await self._uploader.open(folder)
        if upload is None:
            raise UploadInUse
        try:
            # Again, now that no other request can change it.
            state = await self._uploader.run(_load_state, folder, user_id)
            if await self._uploader.run(upload.read_journal):
                upload.size = state.length  # complete: storing it was interrupted
            return upload, state
        except BaseException:
            await self._uploader.run(upload.close)
            raise

    async def _write(self, upload: Upload, state: State, piece: Piece) -> None:
        """Append a piece; one with a checksum completely or not at all."""
        uploader = self._uploader
        valid = piece.checksum is None
        try:
            chunks = _limit(piece.chunks, state.length - upload.size)
            await uploader.write(upload, state.user_id, chunks, state.length)
            if piece.checksum is not None:
                algorithm, expected = piece.checksum
                found = await uploader.run(digest_of, upload.content, algorithm, piece.offset)
                valid = hmac.compare_digest(found.digest(), expected)
                if not valid:
                    raise ChecksumMismatch
            await uploader.check_type(upload)
        finally:
            if not valid:
                await uploader.complete(uploader.run(upload.truncate, piece.offset))
            await uploader.complete(uploader.run(upload.flush))

    async def _finish(self, upload: Upload, state: State) -> FileInfo:
        info = await self._uploader.finish(upload, state.user_id, state.name, state.folder)
        state.done = True
        await self._uploader.run(upload.write, "state", state)
        await self._uploader.run((upload.folder / "journal").unlink, True)
        return info

    async def _close(self, upload: Upload, state: State) -> None:
        uploader = self._uploader
        await uploader.run(upload.close)
        if state.done or not await uploader.run(upload.folder.exists):
            await uploader.quota.release(state.user_id, upload.id)
            return
        # Until it is resumed or expires, its bytes count for the quota.
        with suppress(TooManyBytes):
            seconds = uploader.settings.upload_expires_in
            await uploader.quota.reserve(state.user_id, upload.id, upload.size, seconds)

    def _folder(self, upload_id: str) -> Path:
        try:
            return self._uploader.storage.incoming / str(UUID(upload_id))
        except ValueError:
            raise NoFile from None

    def _expiry(self) -> int:
        return int(time.time()) + self._uploader.settings.upload_expires_in


def read_state(folder: Path) -> State | None:
    """Return the state of an upload, or None if it is not resumable."""
    try:
        return msgspec.json.decode((folder / "state").read_bytes(), type=State)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def _load_state(folder: Path, user_id: int) -> State:
    state = read_state(folder)
    if state is None or state.user_id != user_id or state.expire_time <= time.time():
        raise NoFile
    return state


def _find_progress(folder: Path, user_id: int) -> Progress:
    state = _load_state(folder, user_id)
    try:
        size = state.length if state.done else (folder / "content").stat().st_size
    except FileNotFoundError:
        # Either nothing was received yet, or the upload is complete and being stored.
        size = state.length if (folder / "journal").exists() else 0
    return Progress(
        id=folder.name,
        offset=size,
        length=state.length,
        expire_time=state.expire_time,
        done=state.done,
    )


def _progress(upload: Upload, state: State, info: FileInfo | None) -> Progress:
    return Progress(
        id=upload.id,
        offset=state.length if state.done else upload.size,
        length=state.length,
        expire_time=state.expire_time,
        info=info,
        done=state.done,
    )


async def _limit(chunks: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
    """
    Yield the chunks, up to *left* bytes.

    Raises:
        UploadBroken: there are more bytes.
    """
    async for chunk in chunks:
        if len(chunk) > left:
            yield chunk[:left]
            raise UploadBroken
        left -= len(chunk)
        yield chunk
