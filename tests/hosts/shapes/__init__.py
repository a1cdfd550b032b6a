"""An app whose user model has one of the shapes that real projects have: HOST_USER names it."""
