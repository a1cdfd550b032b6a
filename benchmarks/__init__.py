"""What the page, the requests and the ends cost, measured. `make bench` runs all of it."""
