"""The connection between workers: messages, subscriptions, and which users are online."""
