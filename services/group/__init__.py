"""Groups: their properties, members and requests to join."""
