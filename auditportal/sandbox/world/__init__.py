"""The content of the simulated CommBox account, and how it changes."""
