import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that does not exist yet, in a place that any user of this machine can reach; deleted afterwards."""
    base = Path(tempfile.mkdtemp(prefix="portal-embedded-"))
    base.chmod(0o755)
    yield base / "data"
    shutil.rmtree(base)
