"""CommBox's API keys: two at a time, encrypted at rest, added and retired without a restart."""
