"""The collection: honest bundles, and every falsification of docs/trail-format.md's parts that we could think of.

Each case names the check that must find it. Both verifiers are run over all of them.
"""

from tests.forgeries import attacks, claims, honest, kept, own_words, packing, proofs, signatures  # noqa: F401
from tests.forgeries.base import Case, case, cases, log

__all__ = ["Case", "case", "cases", "log"]
