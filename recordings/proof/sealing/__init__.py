"""Committed events become leaves of a Merkle tree whose roots are signed: trail.md sections 4 to 6.

Everything here but `release` and `lag` runs as the database role `portal_sealer`, through plain psycopg.
"""
