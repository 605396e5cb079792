"""Changes of events.jsonl, revealed values and the table."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.forge import Log
from tests.forge_parts import START, b64, recording
from tests.forge_tools import changed_line, with_table
from tests.forgeries.base import MAKERS, SEVEN, Case, asked, bad, exchanged, files_of, forged

Change = Callable[[dict[str, Any]], Any]


def _lines() -> dict[str, tuple[str, int, Change]]:
    """Changes of one line of a bundle about recording 7, and the check that finds each."""
    zero = b64(bytes(32))
    return {
        "a_gap_with_another_hash": ("inclusion", 3, lambda x: x["gap"].__setitem__(0, zero)),
        "a_gap_with_a_hash_more": ("inclusion", 3, lambda x: x["gap"].append(zero)),
        "a_gap_with_a_hash_less": ("inclusion", 10, lambda x: x["gap"].pop()),
        "a_gap_dropped": ("inclusion", 3, lambda x: x.pop("gap")),
        "a_gap_that_is_empty": ("inclusion", 1, lambda x: x.update(gap=[])),
        "a_gap_where_none_belongs": ("inclusion", 1, lambda x: x.update(gap=[zero])),
        "a_gap_with_a_short_hash": ("inclusion", 3, lambda x: x.update(gap=["AAAA"])),
        "a_gap_that_is_text": ("inclusion", 3, lambda x: x.update(gap=zero)),
        "an_extra_key": ("inclusion", 3, lambda x: x.update(note="hello")),
        "no_entry": ("inclusion", 0, lambda x: x["entry"].clear()),
        "an_entry_with_another_key": ("inclusion", 3, lambda x: x["entry"].update(note="hello")),
        "an_entry_of_another_version": ("inclusion", 3, lambda x: x["entry"].update(v=3)),
        "an_entry_dated_back": (
            "inclusion",
            3,
            lambda x: x["entry"].update(r="2026-11-20T09:00:03.000000Z"),
        ),
        "an_entry_with_a_time_that_is_none": (
            "inclusion",
            3,
            lambda x: x["entry"].update(r="2026-02-30T09:00:03.000000Z"),
        ),
        "an_entry_marked_late": ("inclusion", 3, lambda x: x["entry"].update(late=1)),
        "an_entry_without_act": ("inclusion", 3, lambda x: x["entry"].pop("act")),
        "an_entry_with_a_counter_of_text": ("inclusion", 3, lambda x: x["entry"].update(obj_n="2")),
        "an_entry_with_an_index_of_text": ("inclusion", 3, lambda x: x["entry"].update(obj_prev="1")),
        "a_body_dropped": ("bodies", 3, lambda x: (x.pop("body"), x.pop("reveal"))),
        "a_reveal_dropped": ("inclusion", 3, lambda x: x.pop("reveal")),
        "a_body_that_is_a_list": ("inclusion", 3, lambda x: x.update(body=[])),
        "a_body_that_is_empty": ("inclusion", 3, lambda x: x.update(body={})),
        "a_reveal_that_is_a_list": ("inclusion", 3, lambda x: x.update(reveal=[])),
        "a_body_with_another_key": ("bodies", 3, lambda x: x["body"].update(note="x")),
        "another_salt": ("values", 3, lambda x: x["reveal"]["actor.name"].update(salt="00" * 16)),
        "a_salt_in_capitals": (
            "values",
            3,
            lambda x: x["reveal"]["actor.name"].update(salt=x["reveal"]["actor.name"]["salt"].upper() + " "),
        ),
        "a_short_salt": ("values", 3, lambda x: x["reveal"]["actor.name"].update(salt="00")),
        "a_value_moved_to_another_field": (
            "values",
            3,
            lambda x: x["reveal"].update({"source.ip": x["reveal"].pop("actor.name")}),
        ),
        "a_value_that_was_never_committed_to": (
            "values",
            3,
            lambda x: x["reveal"].update({"object.label": {"salt": "00" * 16, "value": "Miriam"}}),
        ),
        "a_value_of_a_field_without_dot": (
            "values",
            3,
            lambda x: x["reveal"].update({"actor": {"salt": "00" * 16, "value": "Miriam"}}),
        ),
        "a_value_of_no_personal_field": (
            "values",
            3,
            lambda x: x["reveal"].update({"purpose.code": {"salt": "00" * 16, "value": "dispute"}}),
        ),
        "a_secret_with_another_key": ("values", 3, lambda x: x["reveal"]["actor.name"].update(note="x")),
        "a_secret_that_is_text": ("values", 3, lambda x: x["reveal"].update({"actor.name": "Tom"})),
        "a_value_that_is_a_number": ("values", 3, lambda x: x["reveal"]["actor.name"].update(value=7)),
        "a_value_hidden": ("table", 3, lambda x: x["reveal"].pop("actor.name")),
    }


def _line_case(name: str) -> Callable[[], Case]:
    def make() -> Case:
        fails, n, change = _lines()[name]
        return bad(changed_line(files_of(*SEVEN), n, change), fails)

    return make


MAKERS.update({f"line_{name}": _line_case(name) for name in _lines()})


def _shipped(shipped: Sequence[int], fails: str = "inclusion") -> Case:
    return bad(asked(*SEVEN).bundle(*SEVEN, shipped=shipped), fails)


@forged
def _a_leaf_shipped_that_does_not_belong() -> Case:
    return _shipped([0, 1, 2, 3, 5, 6, 7, 10, 11])


@forged
def _the_leaf_of_an_anchor_missing() -> Case:
    return _shipped([0, 1, 5, 6, 7, 10, 11])


@forged
def _leaf_0_missing() -> Case:
    return _shipped([1, 3, 5, 6, 7, 10, 11])


@forged
def _the_request_missing() -> Case:
    return _shipped([0, 1, 3, 5, 6, 7, 11])


@forged
def _the_manifest_missing() -> Case:
    return _shipped([0, 1, 3, 5, 6, 7, 10])


@forged
def _no_leaf_at_all() -> Case:
    return _shipped([])


@forged
def _a_gap_in_another_order() -> Case:
    files = files_of("target", recording(8))
    return bad(changed_line(files, 3, lambda x: x["gap"].reverse()), "inclusion")


@forged
def _a_leaf_twice() -> Case:
    files = files_of(*SEVEN)
    lines = files["events.jsonl"].splitlines(keepends=True)
    return bad(files | {"events.jsonl": b"".join([*lines[:2], *lines[1:]])}, "inclusion")


@forged
def _the_last_line_without_its_end() -> Case:
    return bad(files_of(*SEVEN) | {"events.jsonl": files_of(*SEVEN)["events.jsonl"][:-1]}, "inclusion")


@forged
def _lines_with_carriage_returns() -> Case:
    files = files_of(*SEVEN)
    return bad(files | {"events.jsonl": files["events.jsonl"].replace(b"\n", b"\r\n")}, "inclusion")


@forged
def _an_empty_line() -> Case:
    files = files_of(*SEVEN)
    return bad(files | {"events.jsonl": files["events.jsonl"] + b"\n"}, "inclusion")


@forged
def _base64_of_another_form() -> Case:
    """The last letter before the padding has bits that say nothing."""
    files = files_of(*SEVEN)
    found = re.search(rb'"gap":\["([^"]+)"', files["events.jsonl"])
    assert found
    line = found[1]
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = line[:-2] + letters[letters.index(line[-2]) ^ 1 :][:1] + b"="
    assert base64.b64decode(other) == base64.b64decode(line)
    return bad(files | {"events.jsonl": files["events.jsonl"].replace(line, other)}, "inclusion")


@forged
def _a_body_where_none_belongs() -> Case:
    """A leaf of the scope outside of the report's time comes with its event."""
    since = START + timedelta(minutes=30)
    log = asked().asked(*SEVEN, since=since)
    files = log.bundle(*SEVEN, since=since)
    body = log.leaves[5].body.decode()
    whole = files["events.jsonl"].decode()
    line = next(line for line in whole.splitlines() if '"n":5,' in line)
    told = line.replace('{"entry"', '{"body":' + body + ',"entry"', 1)[:-1] + ',"reveal":{}}'
    return bad(files | {"events.jsonl": whole.replace(line, told).encode()}, "bodies")


@forged
def _the_body_of_another_event() -> Case:
    other = json.loads(asked(*SEVEN).leaves[5].body)
    return bad(changed_line(files_of(*SEVEN), 3, lambda x: x.update(body=other)), "bodies")


def _bodies() -> dict[str, Change]:
    """Events that the log itself sealed and that are none (section 2)."""
    return {
        "another_version": lambda b: b.update(v=2),
        "an_unknown_key": lambda b: b.update(note="x"),
        "no_time": lambda b: b.pop("occurred_at"),
        "a_time_with_an_offset": lambda b: b.update(occurred_at="2026-11-20T09:00:00.000+00:00Z"),
        "a_purpose_that_is_a_list": lambda b: b.update(purpose=["dispute"]),
        "an_empty_purpose": lambda b: b.update(purpose={}),
        "an_actor_without_reference": lambda b: b.update(actor={"kind": "user"}),
        "an_object_without_reference": lambda b: b.update(object={"kind": "recording"}),
        "a_role_that_is_a_number": lambda b: b["actor"].update(role=7),
        "an_unknown_key_of_the_actor": lambda b: b["actor"].update(shoe="7"),
        "an_id_in_capitals": lambda b: b.update(id=b["id"].upper()),
        "a_type_of_one_word": lambda b: b.update(type="viewing"),
        "a_type_in_capitals": lambda b: b.update(type="Viewing.watched"),
        "an_unknown_outcome": lambda b: b.update(outcome="perhaps"),
        "an_outcome_that_is_a_list": lambda b: b.update(outcome=["granted"]),
        "asserted_by_nobody": lambda b: b.pop("asserted_by"),
        "asserted_by_the_moon": lambda b: b.update(asserted_by="moon"),
        "a_name_in_the_open": lambda b: b["actor"].update(name="Tom Brandt"),
        "a_detail_that_is_text": lambda b: b.update(action_detail="x"),
    }


def _body_case(name: str) -> Callable[[], Case]:
    def make() -> Case:
        wrong = Log()
        wrong.add("viewing.watched", about=recording(7), change=_bodies()[name])
        return bad(wrong.bundle("actor", "user:1"), "bodies")

    return make


MAKERS.update({f"event_with_{name}": _body_case(name) for name in _bodies()})


@forged
def _an_event_with_a_key_that_is_not_ascii() -> Case:
    wrong = Log()
    wrong.add("viewing.watched", detail={"ä": 1})
    return bad(wrong.bundle("actor", "user:1"), "inclusion")


@forged
def _an_entry_that_says_it_follows_nothing() -> Case:
    return bad(changed_line(files_of(*SEVEN), 1, lambda x: x["entry"].update(obj_prev=-1)), "inclusion")


@forged
def _an_event_that_is_too_long() -> Case:
    wrong = Log()
    wrong.add("viewing.watched", detail={"text": "x" * 65_000})
    return bad(wrong.bundle("actor", "user:1"), "bodies")


def _table(change: Callable[[bytes], bytes]) -> Case:
    files = files_of("all")
    changed = change(files["report.csv"])
    assert changed != files["report.csv"]
    return bad(with_table(files, changed), "table")


@forged
def _a_row_dropped() -> Case:
    return _table(lambda csv: re.sub(rb"(?m)^3,[^\r]*\r\nline 2[^\r]*\r\n", b"", csv))


@forged
def _a_row_added() -> Case:
    return _table(lambda csv: csv + csv.splitlines(keepends=True)[-1])


@forged
def _a_byte_behind_the_table() -> Case:
    return _table(lambda csv: csv + b"\n")


@forged
def _rows_swapped() -> Case:
    def swap(csv: bytes) -> bytes:
        lines = csv.splitlines(keepends=True)
        return b"".join([*lines[:-2], lines[-1], lines[-2]])

    return _table(swap)


@forged
def _a_cell_that_became_a_formula() -> Case:
    return _table(lambda csv: csv.replace(b"'@sum", b"@sum"))


@forged
def _a_table_without_byte_order_mark() -> Case:
    return _table(lambda csv: csv.removeprefix(b"\xef\xbb\xbf"))


@forged
def _a_table_with_unix_line_ends() -> Case:
    return _table(lambda csv: csv.replace(b"\r\n", b"\n"))


@forged
def _a_table_cut_short() -> Case:
    return _table(lambda csv: csv[:-2])


@forged
def _an_empty_table() -> Case:
    return _table(lambda csv: b"")


@forged
def _a_table_with_another_header() -> Case:
    return _table(lambda csv: csv.replace(b"leaf,", b"row,", 1))


@forged
def _the_table_alone_exchanged() -> Case:
    return exchanged("report.csv", "Tom", "Sam", "files")
