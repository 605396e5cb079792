"""Whose bytes are these? What storage showed us of each file and on which day, and whether it is still the same."""
