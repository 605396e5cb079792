"""Convert an evaluation form of Amazon Connect's API into a form of ours, and list what could not be carried over.

docs/scorecards.md names the pages that document Amazon's form and its score.
"""
