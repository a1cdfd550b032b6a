"""The parts of a list: filters, search, pages, counts and suggestions."""
