"""
The settings of every environment. `config_<env>.py` changes them per environment.

Only what differs from the defaults stands here: each plugin states its settings with their types
and defaults in its own folder, the application in `extend/settings.py`.
"""

# HTTP middlewares of the whole application, by the names of files in middleware/.
middleware = ["outage"]

# Bytes of an HTTP request: a message of 1 MiB, and what JSON makes of it.
REQUEST_MAX_SIZE = 4 * 1024 * 1024

# What /docs says at its top.
API_TITLE = "Yolk"
API_VERSION = "0.2.0"

websocket = {
    # "all": every device stays logged in. "one": the newest logs the others out.
    "devices": "all",
}
