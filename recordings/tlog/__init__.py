"""Transparency logs: Merkle trees, signed notes, the signer and the witness (RFC 9162 and the C2SP specifications).

Pure Python and `cryptography`, without Django and the portal, so that a witness can run anywhere.
"""
