"""The private buckets as the sandbox serves them."""
