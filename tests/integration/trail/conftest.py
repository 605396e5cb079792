"""Who reads the trail, and whom it is about. (Read before Django is set up, so its models are imported late.)"""

from typing import Any

import pytest


@pytest.fixture
def noa(db: None) -> Any:
    from tests.factories import person

    return person("compliance_officer", "noa.levi")


@pytest.fixture
def tom(db: None) -> Any:
    from tests.factories import person

    return person("qa_manager", "tom.brandt")
