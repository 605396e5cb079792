"""The map as HTML: names are people's, so none of them becomes markup."""

from datetime import date

import pytest

from recordings.assurance.board import Board, BoardLine, Tally
from recordings.assurance.forms import BoardForm
from recordings.assurance.heatmap import heat_rows, total_rows
from recordings.assurance.window import Window

EVIL = """<script>alert('1')</script>"&amp;"""
SHOWN = "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot;&amp;amp;"


@pytest.mark.parametrize("by", ["", "agent"])
def test_a_name_is_a_text(by: str) -> None:
    form = BoardForm({"until": "2024-11-20", "by": by, "channel": "31" if by else ""})
    assert form.is_valid()
    window = Window.ending(date(2024, 11, 20))
    board = Board(window, [BoardLine(51, {window.last: Tally(expected=3)})], Tally())
    for html in (heat_rows(board, form, {"51": EVIL}, 60), total_rows(board, form, {"51": EVIL})):
        assert f"<bdi>{SHOWN}</bdi>" in html
        assert "<script" not in html
    cell = '<a href="/assurance/recordings/?until=2024-11-20&amp;kind='
    assert cell in heat_rows(board, form, {}, 60)
