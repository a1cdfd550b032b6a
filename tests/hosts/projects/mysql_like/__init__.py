"""A database that says it is MySQL."""
