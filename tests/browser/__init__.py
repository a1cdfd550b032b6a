"""The product as people meet it: real browsers, each with cookies of its own, on the live site."""
