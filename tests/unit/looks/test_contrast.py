"""Every ink can be read on every ground it is used on, in both themes and in both contrasts (WCAG 1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[3] / "static/portal/css/tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
USUAL, _, MORE = TOKENS.partition("@media (prefers-contrast: more)")
GROUNDS = ("paper", "sheet", "sunk", "raised", "hover")
TONES = ("blue", "green", "amber", "red")


def colours(theme, contrast):
    found = PAIR.findall(USUAL) + (PAIR.findall(MORE) if contrast == "more" else [])
    return {name: light if theme == "light" else dark for name, light, dark in found}


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def ratio(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself():
    assert (ratio("#000000", "#ffffff"), round(ratio("#767676", "#ffffff"), 2)) == (21, 4.54)


@pytest.mark.parametrize("contrast", ["usual", "more"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme, contrast):
    known = colours(theme, contrast)
    inks = [(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS]
    tones = [(tone, ground) for tone in TONES for ground in (*GROUNDS, f"{tone}-wash")]
    on_rows = [("ink", "blue-wash"), ("ink-2", "blue-wash"), ("on-blue", "blue"), ("on-blue", "blue-deep")]
    poor = {
        pair: round(ratio(known[pair[0]], known[pair[1]]), 2)
        for pair in (*inks, *tones, *on_rows)
        if ratio(known[pair[0]], known[pair[1]]) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_of_fields_and_the_focus_ring_can_be_seen(theme):
    known = colours(theme, "usual")
    edges = [("rule-strong", ground) for ground in ("paper", "sheet")] + [
        ("focus", ground) for ground in GROUNDS
    ]
    poor = {pair for pair in edges if ratio(known[pair[0]], known[pair[1]]) < 3}
    assert poor == set()
