"""Terminations end rows and store entries together."""
