"""Settings of production (`YOLK_ENV=prod`)."""

# /docs is for developers.
OAS = False
