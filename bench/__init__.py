"""How fast Yolk is beside the Egg app that it replaces: `make bench`."""
