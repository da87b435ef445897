"""Conversations: the list, history, cursors, sync and readers."""
