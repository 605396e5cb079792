"""Sampling plans: freeze what a sample is drawn from, draw it so that anybody can draw it again, and share it out."""
