"""Fixtures of tests that run on each kind of database."""

from tests.databases import empty_database_url as database_url

__all__ = ["database_url"]
