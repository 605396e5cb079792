"""The media files of the recordings, with their metadata."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "media"


@dataclass(frozen=True)
class Medium:
    """A playable file: its length in whole seconds, its type, and CommBox's name for the type."""

    name: str
    seconds: int
    content_type: str = "video/mp4"
    recording_type: str = "video"

    @property
    def content(self) -> bytes:
        """Return the file's bytes, read once per process."""
        return read(self.name)

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return len(self.content)

    @property
    def ending(self) -> str:
        """Return the file name ending, without the dot."""
        return self.name.rpartition(".")[2]


@cache
def read(name: str) -> bytes:
    """Return the bytes of a file in the media folder."""
    return (FOLDER / name).read_bytes()


SHORT = Medium("call-20s.mp4", 20)
MINUTE = Medium("call-65s.mp4", 65)
MIDDLE = Medium("call-150s.mp4", 150)
LONG = Medium("call-300s.mp4", 300)
WEBM = Medium("call-40s.webm", 40, "video/webm")
AUDIO = Medium("call-45s.m4a", 45, "audio/mp4", "audio")
MEDIA = {medium.name: medium for medium in (SHORT, MINUTE, MIDDLE, LONG, WEBM, AUDIO)}


def medium_named(name: str) -> Medium:
    """Find a medium by file name. The error for an unknown one lists all names."""
    if name not in MEDIA:
        raise ValueError(f"There is no medium {name!r}. There are: {', '.join(MEDIA)}.")
    return MEDIA[name]
