"""Publish the log's newest checkpoint to outside parties: witnesses, a locked bucket, a time stamp authority, mail.

Runs beside the sealer, as its database role, and never delays it: an outside party may be slow, down or dishonest.
"""
