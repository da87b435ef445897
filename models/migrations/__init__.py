"""The history of the tables; each file is one step, never changed once it was released."""
