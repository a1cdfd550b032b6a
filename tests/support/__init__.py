"""What the tests stand on: servers, people, browsers and the watch over session keys."""
