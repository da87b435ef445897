"""The error of a bounded queue."""

from yolk.errors import YolkError


class QueueFull(YolkError):
    """Too many wait already. Callers with an error of their own pass it as `full`."""
