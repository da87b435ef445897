"""A connection: the protocol on a transport that Sanic accepted, with a heartbeat."""
