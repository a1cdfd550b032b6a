"""What a request says of its client."""
