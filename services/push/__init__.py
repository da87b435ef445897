"""What is sent to sockets: messages, presence, typing and close notices; and hooks."""
