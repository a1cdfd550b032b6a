"""Measures what the page, requests and terminations cost. `make bench` measures all of it."""
