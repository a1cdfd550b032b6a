"""Databases that come over HTTP from a real server, whole and otherwise."""
