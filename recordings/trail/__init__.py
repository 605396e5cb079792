"""Read the trail: its pages, its search, its sentences, and the erasure of personal values."""
