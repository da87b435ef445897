"""The rules of RFC 6455, without any I/O."""
