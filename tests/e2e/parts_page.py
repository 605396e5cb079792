"""The data of the page of all parts (templates/desk/parts.html)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.template.loader import render_to_string

ROOMS = (
    ("Overview", "layout-dashboard", "g h"),
    ("Objects", "messages-square", "g o"),
    ("Audit trail", "scroll-text", "g a"),
)
PEOPLE = (
    ("Dana Marlowe", "4417", "ok", "Playable"),
    ("יעל ברק", "0932", "ok", "Playable"),
    ("Marcus Weil", "2210", "info", "On hold"),
    ("Ada Osei", "7781", "warn", "Changed at source"),
    ("ليلى حداد", "1150", "bad", "Refused by storage"),
    ("Sofia Mendes", "6604", "bad", "Missing at source"),
    ("Jonas Eklund", "3398", "", "No recording found"),
)
EVENTS = (
    ("info", "Noa Levi", "is watching, purpose compliance", "16:38", "leaf 18,204 · sealed"),
    ("ok", "Noa Levi", "was given a URL for 90 s", "16:38", "leaf 18,203 · sealed"),
    ("bad", "Tom Brandt", "was refused: channel not in scope", "11:02", "leaf 17,960 · sealed"),
    ("warn", "system", "saw the file change size at source", "20 Nov", "leaf 16,411 · anchored"),
)


def _rows(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": str(1407374990000101 - 7 * place),
            "customer": name,
            "phone": phone,
            "channel": "Premium video",
            "agent": "A. Cohen",
            "recorded_at": now - timedelta(hours=7 * place),
            "length": "14:40",
            "files": 1 + place % 3,
            "level": level,
            "state": state,
            "seen_at": now - timedelta(minutes=2 + 9 * place),
            "stale": place == 6,
        }
        for place, (name, phone, level, state) in enumerate(PEOPLE)
    ]


def parts_page(direction: str = "ltr") -> str:
    """The page as HTML, mirrored if wanted."""
    now = datetime.now(UTC)
    keys = ("level", "who", "sentence", "clock", "seal")
    context = {
        "page_dir": direction,
        "nav": [
            {"url": f"#{label}", "label": label, "icon": icon, "keys": keys, "current": label == "Objects"}
            for label, icon, keys in ROOMS
        ],
        "person": {"name": "Noa Levi", "role_label": "Compliance officer", "session_ends_at": now},
        "banners": [{"level": "warn", "title": "CommBox is not reachable", "text": "You see what we knew."}],
        "rows": _rows(now),
        "days": [(f"{day} Nov", day * 37 % 50) for day in range(1, 31)],
        "spans": {
            "you": [(0, 190_000), (282_000, 330_000)],
            "everyone": [(0, 488_000)],
            "marks": [170_000, 331_000],
        },
        "purposes": ["Compliance", "Quality", "Dispute", "Training", "Operations"],
        "events": [{**dict(zip(keys, event, strict=True)), "at": now} for event in EVENTS],
    }
    return render_to_string("desk/parts.html", context)
