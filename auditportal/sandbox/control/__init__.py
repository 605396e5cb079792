"""What tests and people may do to a running sandbox."""
