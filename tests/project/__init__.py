"""The runnable site: settings, commands, demo data, layers."""
