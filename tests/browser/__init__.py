"""The product in real browsers, each with cookies of its own, on the live site."""
