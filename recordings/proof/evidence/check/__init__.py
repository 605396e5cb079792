"""Verify a bundle, or compare a checkpoint, that a person brings."""
