"""Random samples that anyone can draw again: the population as a file, and the draw from it.

docs/sampling.md states the rules. No database is used.
"""
