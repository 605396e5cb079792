"""Changes of proofs, revealed values and the table."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.forge import summed
from tests.forge_parts import START, b64
from tests.forge_tools import changed_extra
from tests.forgeries.base import (
    SEVEN,
    Case,
    bad,
    exchanged,
    files_of,
    forged,
    log,
)


@forged
def _a_path_with_a_line_more() -> Case:
    name = "events/000000000003.tlog-proof"
    line = b64(bytes(32))
    return exchanged(name, "\n\nportal", f"\n{line}\n\nportal", "inclusion")


@forged
def _base64_of_another_form() -> Case:
    """The last letter before the padding has bits that say nothing."""
    files = files_of(*SEVEN)
    name = "events/000000000003.tlog-proof"
    line = files[name].split(b"\n")[3]
    assert line.endswith(b"=")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = line[:-2] + letters[letters.index(line[-2]) ^ 1 :][:1] + b"="
    assert base64.b64decode(other) == base64.b64decode(line)
    return bad(summed(files | {name: files[name].replace(line, other)}), "inclusion")


@forged
def _an_index_with_a_zero_before_it() -> Case:
    return exchanged("events/000000000003.tlog-proof", "index 3", "index 03", "inclusion")


@forged
def _a_proof_of_another_version() -> Case:
    return exchanged("events/000000000003.tlog-proof", "tlog-proof@v1", "tlog-proof@v2", "inclusion")


@forged
def _a_proof_without_extra() -> Case:
    files = files_of(*SEVEN)
    name = "events/000000000003.tlog-proof"
    return bad(summed(files | {name: re.sub(rb"extra .*\n", b"", files[name])}), "inclusion")


@forged
def _a_proof_under_another_checkpoint() -> Case:
    files = files_of(*SEVEN)
    name = "events/000000000003.tlog-proof"
    return bad(summed(files | {name: log().proof(3, log().note(witnesses=()))}), "inclusion")


@forged
def _a_body_dropped() -> Case:
    files = changed_extra(files_of(*SEVEN), 3, lambda x: (x.pop("body"), x.pop("reveal")))
    return bad(files, "bodies")


@forged
def _a_body_where_none_belongs() -> Case:
    since = START + timedelta(minutes=30)
    files = log().bundle(*SEVEN, since=since)
    name = "events/000000000003.tlog-proof"
    return bad(summed(files | {name: log().proof(3, log().note())}), "bodies")


@forged
def _the_body_of_another_event() -> Case:
    other = log().leaves[5].body.decode()
    return bad(changed_extra(files_of(*SEVEN), 3, lambda x: x.update(body=other)), "bodies")


@forged
def _an_extra_key_in_a_proof() -> Case:
    return bad(changed_extra(files_of(*SEVEN), 3, lambda x: x.update(note="hello")), "bodies")


def _revealed(change: Callable[[dict[str, Any]], Any], fails: str = "values") -> Case:
    return bad(changed_extra(files_of(*SEVEN), 3, lambda x: change(x["reveal"])), fails)


@forged
def _another_salt() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt="00" * 16))


@forged
def _a_salt_in_capitals() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt=r["actor.name"]["salt"].upper() + " "))


@forged
def _a_short_salt() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt=r["actor.name"]["salt"][:-2]))


@forged
def _a_value_moved_to_another_field() -> Case:
    return _revealed(lambda r: r.update({"source.ip": r.pop("actor.name")}))


@forged
def _a_value_that_was_never_committed_to() -> Case:
    return _revealed(lambda r: r.update({"object.label": {"salt": "00" * 16, "value": "Miriam"}}))


@forged
def _a_secret_with_another_key() -> Case:
    return _revealed(lambda r: r["actor.name"].update(note="x"))


@forged
def _a_value_hidden() -> Case:
    return _revealed(lambda r: r.pop("actor.name"), "table")


def _table(change: Callable[[bytes], bytes]) -> Case:
    files = files_of("all")
    changed = change(files["report.csv"])
    assert changed != files["report.csv"]
    return bad(summed(files | {"report.csv": changed}), "table")


@forged
def _a_row_dropped() -> Case:
    return _table(lambda csv: re.sub(rb"(?m)^3,[^\r]*\r\nline 2[^\r]*\r\n", b"", csv))


@forged
def _a_row_added() -> Case:
    return _table(lambda csv: csv + csv.splitlines(keepends=True)[-1])


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
