"""Check what somebody brings: a bundle, or a checkpoint of their own."""
