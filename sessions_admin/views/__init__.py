"""The pages: one module for each, and modules that several pages share."""
