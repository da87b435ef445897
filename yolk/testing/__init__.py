"""
The real application under test, and clients that wait for what it says.

For tests of applications and of plugins; it wants `httpx`, `websockets` and `pyjwt`. Nothing here
sleeps: a server is ready when it says so, a test waits for a frame, and every wait has an end.
"""

from yolk.testing.client import Socket, Timeout, close_all
from yolk.testing.server import Server, StartFailed, User, free_port

__all__ = ["Server", "Socket", "StartFailed", "Timeout", "User", "close_all", "free_port"]
