"""Quality reviews: scorecards with their versions, and the evaluations of recordings by them."""
