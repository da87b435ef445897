"""Load: how busy a worker is, and what it leaves out or refuses while it is too busy."""
