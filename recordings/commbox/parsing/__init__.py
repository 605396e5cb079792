"""Parse CommBox's responses. Only this package knows their spellings, shapes and time formats."""
