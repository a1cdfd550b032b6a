"""Made-up histories of people, browsers and operators, held against the list."""
