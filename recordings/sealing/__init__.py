"""The sealer: committed events become leaves of a log, and its size and root become checkpoints."""
