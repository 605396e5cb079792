"""CommBox's API keys: two at once, encrypted at rest, added and retired while everything runs."""
