"""Users of a project with a model of its own."""
