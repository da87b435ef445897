"""The command line: inspect an application without starting it, and create parts of it."""

from yolk.cli.commands import main

__all__ = ["main"]
