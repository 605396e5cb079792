"""CommBox's API as the sandbox answers it."""
