"""Answers what a list asks: filters, search, pages, counts and suggestions."""
