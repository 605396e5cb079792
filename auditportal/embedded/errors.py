class EmbeddedError(Exception):
    """An embedded server cannot run here; the message is a sentence for the person who started it."""
