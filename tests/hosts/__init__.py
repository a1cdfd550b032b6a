"""Projects of other people that the app is dropped into."""
