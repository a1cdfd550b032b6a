"""The session engines."""
