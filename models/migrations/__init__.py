"""The migrations of the tables. A released migration is never changed."""
