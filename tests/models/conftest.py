"""Tests that run once on each kind of database."""

from tests.databases import database_url

__all__ = ["database_url"]
