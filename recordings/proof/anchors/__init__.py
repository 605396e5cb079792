"""Publish the log's newest checkpoint outside: to witnesses, a locked bucket, a time stamp authority, a mailbox.

Runs beside the sealer, as its database role, and never holds it up: a party outside may be slow, down or dishonest.
"""
