"""Fixtures of tests that run on each kind of database."""

from tests.databases import database_url

__all__ = ["database_url"]
