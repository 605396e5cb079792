"""Scorecards as files: read a form and its answers, find faults in a form, compute the score.

docs/scorecards.md states the rules. No database is used: the same files give the same numbers everywhere.
"""
