"""Pipeline components of this project."""
