"""
The settings of every environment; `config_<env>.py` overrides them.

This file contains only what differs from the defaults. Each plugin declares its settings, with
types and defaults, in its own folder; the application declares its own in `extend/settings.py`.
`python -m yolk config` lists all of them.
"""

# The HTTP middlewares of the whole application: file names in middleware/, the outermost first.
middleware = ["outage"]

# The largest HTTP request in bytes: a message of 1 MiB, encoded as JSON.
REQUEST_MAX_SIZE = 4 * 1024 * 1024

# The title and version in /docs.
API_TITLE = "Yolk"
API_VERSION = "0.2.0"

websocket = {
    # "all": every device stays logged in. "one": a new login ends the others.
    "devices": "all",
}
