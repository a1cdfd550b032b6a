"""The site's own app: people, accounts, signing in."""
