"""Read the trail: its pages, search, the sentences of its events, and the erasure of a person from it."""
