"""The migrations; each file is one step, and is never changed after its release."""
