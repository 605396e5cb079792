"""Completeness: expected recordings compared with found ones by channel, agent and day; media samples; statements."""
