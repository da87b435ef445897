"""The plugins that are switched on, and where they come from. `plugin_<env>.py` overrides this."""

# Redis: cache, presence, and messages between workers.
redis = {"enable": True, "path": "plugins/redis"}

# The database and its migrations.
orm = {"enable": True, "path": "plugins/orm"}

# JSON Web Tokens.
jwt = {"enable": True, "path": "plugins/jwt"}

# WebSockets.
websocket = {"enable": True, "path": "plugins/websocket"}

# The storage of uploaded files.
storage = {"enable": True, "path": "plugins/storage"}
