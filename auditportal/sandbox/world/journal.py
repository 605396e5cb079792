"""State that a folder keeps between starts: seed and day of the first start, and the calls made since."""

import json
from datetime import date
from pathlib import Path
from typing import Any


class Journal:
    """Two small files in a folder, which is created if it does not exist."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._seed = folder / "sandbox-seed.json"
        self._calls = folder / "sandbox-calls.jsonl"

    def same_as_before(self, seed: int, today: date) -> tuple[int, date]:
        """Return seed and day of the first start. The first start stores the given ones."""
        if not self._seed.exists():
            self._seed.write_text(json.dumps({"seed": seed, "today": today.isoformat()}))
        kept = json.loads(self._seed.read_text())
        return kept["seed"], date.fromisoformat(kept["today"])

    def read(self) -> list[dict[str, Any]]:
        """Return the calls made so far, oldest first, without a last line that is incomplete."""
        text = self._calls.read_text() if self._calls.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def write(self, entry: dict[str, Any]) -> None:
        """Store a call."""
        with self._calls.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def clear(self) -> None:
        """Remove the calls."""
        self._calls.unlink(missing_ok=True)
