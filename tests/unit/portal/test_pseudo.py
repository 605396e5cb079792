"""The search for untranslated text finds what it must, and nothing else."""

import pytest

from tests.pseudo import Page


@pytest.mark.parametrize(
    ("html", "outside", "glued"),
    [
        ("<p>⟦Signed in⟧</p>", [], []),
        ("<p>Signed in</p>", ["Signed in"], []),
        ("<p>⟦Signed in⟧ by</p>", ["⟦Signed in⟧ by"], []),
        ("<p>⟦The role ⟦auditor⟧ ended⟧</p>", [], []),
        ("<p>⟦Channel⟧ <bdi>Sales</bdi> · ⟦Agent⟧ <code>a1</code></p>", [], []),
        ("<p>⟦was given⟧ <b>⟦a role⟧</b></p>", [], ["⟦was given⟧ ⟦a role⟧"]),
        ("<p>⟦gave⟧ <bdi>Noa</bdi> ⟦the role⟧</p>", [], ["⟦gave⟧ ⟦the role⟧"]),
        ('<p>⟦Leaf <span class="num">7</span> of <span>the log</span>⟧</p><p>left</p>', ["left"], []),
        ("<ul><li>⟦One⟧</li><li>⟦Two⟧</li></ul>", [], []),
        ('<a class="btn" href="1">⟦Earlier⟧</a> <a class="btn" href="2">⟦Later⟧</a>', [], []),
        ('<span class="num">12 KiB</span><span translate="no">Sales</span>', [], []),
        ('<button title="Close">⟦Close⟧</button>', ["Close"], []),
        ("<svg><title>⟦Day⟧</title></svg><script>let word;</script>", [], []),
        ("<p>2026-11-20 09:14 UTC – 12 %</p>", [], []),
        ("<p>שלום</p>", ["שלום"], []),
    ],
)
def test_text_outside_of_messages(html, outside, glued):
    page = Page(html)
    assert (page.outside, page.glued) == (outside, glued)
