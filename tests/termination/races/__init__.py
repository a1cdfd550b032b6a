"""Terminated stays terminated: requests stopped at the worst moment, on every engine.

A request in flight runs in a thread of its own and is stopped at one place of the code. There the
session is terminated on the page, to its answer, and only then the request goes on. After that
neither the key it came with nor any key that an answer handed out may be signed in.
"""
