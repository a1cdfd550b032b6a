"""What each store can do."""
