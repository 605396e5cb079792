"""The evaluation that most of these tests are about."""

from typing import Any

import pytest


@pytest.fixture
def desk(db: None) -> Any:
    from tests.integration.reviews.disputes.desk import Desk

    return Desk()
