"""Generated histories of people, browsers and operators, compared with the list."""
