"""What keeps a benchmark from running."""

from __future__ import annotations


class CannotMeasure(Exception):
    """Something is missing; the text is one sentence that says what, and what to do."""


class WrongAnswer(Exception):
    """A server did not send what it had to: its figures would mean nothing."""
