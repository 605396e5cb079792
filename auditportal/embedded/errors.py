class EmbeddedError(Exception):
    """An embedded server cannot run here. The text is a sentence for the person who started it."""
