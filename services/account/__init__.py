"""Accounts: registering, logins, sessions, tokens, tickets and passwords."""
