"""Custody calls CommBox and storage with short timeouts, as refresh does."""

from tests.integration.refresh.conftest import _impatient, upstream

__all__ = ["_impatient", "upstream"]
