"""Contacts: blocked users, and what users accept from strangers."""
