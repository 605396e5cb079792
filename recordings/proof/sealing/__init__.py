"""Seal the trail: committed events become leaves of a Merkle tree whose roots are signed (seal.py).

Everything here but `release` runs as the database role `portal_sealer`, through plain psycopg.
"""
