"""Calibration: several people score the same recordings blind, compare their answers and agree on a card."""
