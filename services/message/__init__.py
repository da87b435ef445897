"""Messages: checking, storing, editing and recalling them."""
