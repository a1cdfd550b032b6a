"""What the app reads about the client from a request."""
