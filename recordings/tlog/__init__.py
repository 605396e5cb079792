"""A transparency log's arithmetic and its texts, as RFC 9162 and the C2SP specifications have them.

Pure Python and `cryptography`; knows nothing of Django or of the portal, so that a witness runs anywhere.
"""
