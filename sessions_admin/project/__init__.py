"""The runnable site: settings, URLs and server entry points. Not part of the wheel."""
