"""The command line: looks at an application without starting it, and makes new parts of it."""

from yolk.cli.commands import main

__all__ = ["main"]
