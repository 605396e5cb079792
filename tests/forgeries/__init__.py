"""The collection: honest bundles, and every falsification of docs/trail-format.md's parts that we could think of.

Each case names the check that must find it, or says NOT CHECKED. Both verifiers are run over all of them and must agree
on the state of each check, on the sentences before the verdict, and on the verdict.
"""

from tests.forgeries import (  # noqa: F401
    attacks,
    bombs,
    claims,
    found,
    honest,
    kept,
    lines,
    own_words,
    packing,
    policies,
    signatures,
)
from tests.forgeries.base import NOT_CHECKED, Case, asked, case, cases, log

__all__ = ["NOT_CHECKED", "Case", "asked", "case", "cases", "log"]
