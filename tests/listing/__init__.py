"""The list: its queries, and its agreement with the sessions that are signed in."""
