"""Limits: how often users and addresses may do what costs others something."""
