"""Pushes to sockets: messages, presence and the typing indicator; and the hooks of plugins."""
