"""Is everything there, and is it what it should be? Expected against found, per channel, agent and day."""
