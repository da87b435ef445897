"""Files that are larger than the memory should be."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.rows import add_user
from tests.uploads import incoming, kept
from yolk.testing import Server

SIZE = 2 * 2**30
ALLOWED = 50 * 2**20
PIECE = bytes(2**20)


def worker(server: Server) -> int:
    """Return the process ID of the worker."""
    line = next(line for line in server.output.splitlines() if "Worker ready" in line)
    return int(line.rpartition("[")[2].rstrip("]"))


def memory(pid: int, name: str) -> int:
    """Return a figure of `/proc` in bytes: `VmRSS` is the memory now, `VmHWM` its peak."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
async def test_two_gibibytes_in_fifty_mebibytes(serve: Serve) -> None:
    """A file of 2 GiB is uploaded and downloaded with at most 50 MiB of additional memory."""
    server = serve()
    ada = add_user(server, "ada")
    pid = worker(server)
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="zeros"\r\n\r\n'
    tail = b"\r\n--b--\r\n"
    before = memory(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # the most, from now on

    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as up:
        up.sendall(
            f"POST /upload HTTP/1.1\r\nHost: x\r\nToken: {ada.token}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n"
            f"Content-Length: {len(head) + SIZE + len(tail)}\r\n\r\n".encode()
            + head
        )
        for _ in range(SIZE // len(PIECE)):
            up.sendall(PIECE)
        up.sendall(tail)
        answer = up.recv(65536)
    assert b" 200 OK" in answer, answer
    url = answer.partition(b'"url":"')[2].partition(b'"')[0].decode()
    between = time.monotonic()
    uploading = memory(pid, "VmHWM")

    found, received = hashlib.sha256(), 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as down:
        down.sendall(
            f"GET {url} HTTP/1.1\r\nHost: x\r\nToken: {ada.token}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        buffer = bytearray(2**20)
        size = down.recv_into(buffer)
        body = bytes(buffer[:size]).partition(b"\r\n\r\n")[2]
        found.update(body)
        received += len(body)
        while size := down.recv_into(buffer):
            found.update(memoryview(buffer)[:size])
            received += size
    most = memory(pid, "VmHWM")
    ended = time.monotonic()

    print(
        f"up {between - began:.1f} s, down {ended - between:.1f} s,"
        f" {(uploading - before) / 2**20:.0f} and {(most - before) / 2**20:.0f} MiB more"
    )
    (path,) = kept(server)
    assert (received, path.stat().st_size) == (SIZE, SIZE)
    assert found.hexdigest() == path.name
    assert incoming(server) == []
    assert most - before < ALLOWED
    path.unlink()  # pytest keeps the folders of the last three runs
