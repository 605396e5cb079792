"""Quality reviews: scorecards and their versions."""
