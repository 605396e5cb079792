"""The sealed log: what an outsider needs to check that the trail is complete and unchanged."""
