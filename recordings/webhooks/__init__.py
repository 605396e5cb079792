"""Receive CommBox's webhook deliveries: each is a hint that an object changed, never a fact."""
