"""Coaching sessions, the library of exemplars, and assigned viewing."""
