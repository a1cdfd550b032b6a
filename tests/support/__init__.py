"""Shared support for tests: servers, people, browsers, and the watch for leaked session keys."""
