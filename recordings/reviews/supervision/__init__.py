"""Supervision by compliance officers: a queue, dispositions, escalation, and spot checks by a second officer."""
