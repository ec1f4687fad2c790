"""The pages of the desk, one file for each part of it; each gives its routes to the gate."""
