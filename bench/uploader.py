"""Upload files in parallel until stopped: `... bench.uploader PORT TOKEN NUMBER MIB`."""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop

PIECE = bytes(64 * 1024)
HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"


class Uploader:
    """
    A user who uploads one file after the other.

    Args:
        port: the port of the server.
        token: the token of the user.
        size: MiB of each file.
    """

    came = 0
    """Bytes of all uploads."""

    def __init__(self, port: int, token: str, size: int) -> None:
        self._port = port
        self._size = size * 2**20
        length = len(HEAD) + self._size + len(TAIL) + 16
        self._head = (
            f"POST /upload HTTP/1.1\r\nHost: x\r\nToken: {token}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
        ).encode() + HEAD

    async def run(self, name: int) -> None:
        """Upload files, each with different content."""
        files = 0
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            files += 1
            writer.write(self._head + b"%8d%8d" % (name, files))
            for _ in range(self._size // len(PIECE)):
                writer.write(PIECE)
                await writer.drain()
                self.came += len(PIECE)
            writer.write(TAIL)
            answer = await reader.read()
            if b" 200 " not in answer[:20]:
                raise SystemExit(f"an upload was refused: {answer!r}")
            writer.close()


async def main() -> None:
    """Upload until a line is read; then print the MiB per second."""
    port, token, number, size = sys.argv[1:]
    uploader = Uploader(int(port), token, int(size))
    tasks = [asyncio.create_task(uploader.run(name)) for name in range(int(number))]
    await asyncio.sleep(1)
    print("begun", flush=True)
    began, before = time.perf_counter(), uploader.came
    stopped = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    print((uploader.came - before) / 2**20 / (time.perf_counter() - began))


if __name__ == "__main__":
    uvloop.run(main())
