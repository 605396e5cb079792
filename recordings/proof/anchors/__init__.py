"""The log's newest checkpoint in other hands: witnesses, a locked bucket, a time stamp, a mailbox.

Runs beside the sealer, as its database role, and never holds it up: whoever is outside may be slow, away or lying.
"""
