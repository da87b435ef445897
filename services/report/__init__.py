"""Reports of messages, users and groups."""
