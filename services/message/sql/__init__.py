"""The SQL that stores messages."""
