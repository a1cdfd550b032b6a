"""The demo's people, accounts, devices and locations. Used only by `seed_demo`."""
