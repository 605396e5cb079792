"""Recomputes everything the sealed log says, from the database as a reader sees it: trail.md sections 1 and 4.

Hashes are computed here and never by the database that is being checked.
"""
