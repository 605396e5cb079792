"""Limit requests before they reach Django: sizes, rates, and how many wait. Works without a proxy in front."""
