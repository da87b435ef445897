"""What differs in production (YOLK_ENV=prod)."""

# The interactive documentation of the HTTP interface is for developers.
OAS = False
