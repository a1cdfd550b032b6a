"""Ending sessions: rows and stores together."""
