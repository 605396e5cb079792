import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that is not there yet, where any user of this machine may walk to; deleted afterwards."""
    base = Path(tempfile.mkdtemp(prefix="portal-embedded-"))
    base.chmod(0o755)
    yield base / "data"
    shutil.rmtree(base)
