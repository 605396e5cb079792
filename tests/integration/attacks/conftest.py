"""The starting point of every attack: a log that is sealed, signed and witnessed.

Django's models are imported inside, because this file is read before Django is set up when it is named on the command
line.
"""

from pathlib import Path
from typing import Any

import pytest

from auditportal.embedded import Services


@pytest.fixture
def scene(
    committed_db: None, services: Services, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A witnessed log. Leaf 0 opens it; 1 and 3: Noa, 2: Tom on recording 1; 4: Tom on recording 2; a manifest."""
    from recordings.proof.evidence.bundle import final_checkpoint
    from tests.integration.attacks.scene import Scene
    from tests.integration.proof.evidence.bundles import NOA, TOM, make_log, opened

    monkeypatch.setattr(final_checkpoint, "WAIT_SECONDS", 0.2)
    log = make_log(services, settings, tmp_path, witnesses=["internal-audit"])
    log.seal()
    opened("1", NOA)
    opened("1", TOM)
    log.seal()
    opened("1", NOA)
    opened("2", TOM)
    log.seal(manifest=True)
    return Scene(log, tmp_path)
