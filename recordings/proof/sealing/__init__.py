"""Seal the trail: committed events become leaves of a Merkle tree whose roots are signed (seal.py).

Everything except `release` runs as the database role `portal_sealer`, through psycopg without Django.
"""
