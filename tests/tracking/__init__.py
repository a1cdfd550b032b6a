"""Rows follow their sessions from sign-in to sign-out."""
