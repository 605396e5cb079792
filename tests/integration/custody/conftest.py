"""Custody asks CommBox and storage as the refresh does, with the same short patience."""

from tests.integration.refresh.conftest import _impatient, upstream

__all__ = ["_impatient", "upstream"]
