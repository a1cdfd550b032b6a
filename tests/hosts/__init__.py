"""The app in projects of other people."""
