"""What a list asks of the database, and that it is the truth."""
