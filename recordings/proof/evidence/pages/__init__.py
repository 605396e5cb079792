"""The pages of the sealed log: its checkpoints, an event's place and proof, the witnesses, the tiles."""
