"""The demo's people, accounts, devices and places. None of it is used outside `seed_demo`."""
