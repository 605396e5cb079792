"""The fast canonical JSON is the library's, for everything that a bundle can hold."""

from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from recordings.proof.evidence.canonical_json import canonical

keys = st.text("abcdefghijklmnopqrstuvwxyz_.", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=("Cs",)))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values: st.SearchStrategy[Any] = st.recursive(
    integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(keys, values, max_size=4))
def test_it_is_rfc_8785(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)
