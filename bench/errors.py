"""The errors of a benchmark."""

from __future__ import annotations


class CannotMeasure(Exception):
    """Something is missing. The text is one sentence that says what, and what to do."""


class WrongAnswer(Exception):
    """A server sent something wrong, so its figures would mean nothing."""
