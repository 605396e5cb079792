"""The one place that knows CommBox's spellings, shapes and time forms."""
