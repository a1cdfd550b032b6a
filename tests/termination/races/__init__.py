"""Terminated sessions stay terminated: requests paused at the worst moment, on every engine.

A request in flight uses its own thread and pauses at one place in the code. Meanwhile the session
is terminated on the page. Only after that answer does the request continue. Afterwards neither the
key it came with nor any key that an answer handed out may be signed in.
"""
