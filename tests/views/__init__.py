"""The pages, over the test client."""
