"""Contacts: blocked users, what users accept from strangers, and what others see of them."""
