"""Scorecards as files: read a form and its answers, find what is wrong with a form, compute the score.

docs/scorecards.md states the rule. Nothing here needs a database: the same files give the same numbers anywhere.
"""
