"""What is switched on, and where it comes from. `plugin_<env>.py` changes it per environment."""

# The backplane: cache, presence, and the traffic between workers.
redis = {"enable": True, "path": "plugins/redis"}

# The database, with its migrations.
orm = {"enable": True, "path": "plugins/orm"}

# Tokens.
jwt = {"enable": True, "path": "plugins/jwt"}

# Sockets.
websocket = {"enable": True, "path": "plugins/websocket"}

# Where files are kept.
storage = {"enable": True, "path": "plugins/storage"}
