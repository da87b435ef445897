"""
Tests of applications and plugins: a real server, and clients that wait for its answers.

It needs `httpx`, `websockets` and `pyjwt`. Nothing here sleeps: a server is ready when it logs so,
a test waits for a frame, and every wait has a time limit.
"""

from yolk.testing.client import Socket, Timeout, close_all
from yolk.testing.server import Server, StartFailed, User, free_port

__all__ = ["Server", "Socket", "StartFailed", "Timeout", "User", "close_all", "free_port"]
