"""Downloads of location databases over HTTP from a real server, successful and failing."""
