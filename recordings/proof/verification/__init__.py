"""Recompute the whole sealed log from the database as a reader sees it (docs/trail-format.md, sections 1 and 4).

Hashes are computed here, never by the database that is being verified. Shares no code with the sealer.
"""
