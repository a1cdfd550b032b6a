"""People who cannot be without a desk."""
