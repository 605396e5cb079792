"""What a folder remembers between two starts: the seed and day of the first one, and the calls made since."""

import json
from datetime import date
from pathlib import Path
from typing import Any


class Journal:
    """Two small files in a folder; the folder is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._seed = folder / "sandbox-seed.json"
        self._calls = folder / "sandbox-calls.jsonl"

    def same_as_before(self, seed: int, today: date) -> tuple[int, date]:
        """Seed and day of the first start; at the first start those given, which are kept."""
        if not self._seed.exists():
            self._seed.write_text(json.dumps({"seed": seed, "today": today.isoformat()}))
        kept = json.loads(self._seed.read_text())
        return kept["seed"], date.fromisoformat(kept["today"])

    def read(self) -> list[dict[str, Any]]:
        """The calls made so far, oldest first. A last line that was cut off when the process ended is left out."""
        text = self._calls.read_text() if self._calls.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def write(self, entry: dict[str, Any]) -> None:
        """Remember one call."""
        with self._calls.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def clear(self) -> None:
        """Forget the calls."""
        self._calls.unlink(missing_ok=True)
