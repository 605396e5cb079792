"""The documents of the repository: their links, headings and blocks of commands."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block. `info` is what stands behind the opening fence, such as `sh` or `sh norun: needs Docker`."""

    document: str
    info: str
    text: str

    @property
    def is_shell(self) -> bool:
        return self.info.partition(" ")[0] == "sh"

    @property
    def why_not_run(self) -> str:
        return self.info.partition("norun: ")[2]


@cache
def documents() -> tuple[Path, ...]:
    """Every document but those of other people's packages."""
    places = (ROOT, ROOT / "docs", ROOT / "deploy", ROOT / "auditportal")
    found = [path for place in places[:1] for path in place.glob("*.md")]
    found += [path for place in places[1:] for path in place.rglob("*.md")]
    return tuple(sorted(found))


def blocks(path: Path) -> list[Block]:
    name = str(path.relative_to(ROOT))
    return [Block(name, info.strip(), text) for info, text in _FENCE.findall(path.read_text())]


def prose(path: Path) -> str:
    """The text without fenced blocks and code."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", path.read_text()))


def links(path: Path) -> list[str]:
    """The targets of links and pictures that lie in the repository."""
    return [target for target in _LINK.findall(prose(path)) if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_there(document: Path, link: str) -> bool:
    """Whether a link leads to a file, and its anchor to a heading of it."""
    target, _, anchor = unquote(link).partition("#")
    path = (document.parent / target).resolve() if target else document
    return path.exists() and (not anchor or anchor in anchors(path))
