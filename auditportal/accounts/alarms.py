"""What administrators must see on every page: the use of a break-glass account, and resets that wait."""

from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext

from recordings.db import fetch_all
from recordings.operations.times import moment

# Written out, because each page of an administrator reads it.
_OPEN = """
SELECT 'used', u.id, u.user_id, u.used_at, p.full_name, p.username
FROM accounts_breakglassuse u JOIN accounts_user p ON p.id = u.user_id WHERE u.acknowledged_at IS NULL
UNION ALL
SELECT 'reset', r.id, r.user_id, r.asked_at, p.full_name, p.username
FROM accounts_factorreset r JOIN accounts_user p ON p.id = r.user_id
WHERE r.confirmed_at IS NULL AND r.withdrawn_at IS NULL AND r.asked_at > now() - interval '24 hours'
ORDER BY 4 LIMIT 10
"""


def account_banners() -> list[dict[str, Any]]:
    """List the alarms, the oldest first; one query."""
    banners = []
    for kind, pk, user_id, at, full_name, username in fetch_all(connection, _OPEN):
        words = {"name": full_name or username, "time": moment(at)}
        page = reverse("people:security", args=[user_id])
        if kind == "used":
            banners.append(
                {
                    "level": "bad",
                    "title": gettext("The break-glass account of %(name)s was used at %(time)s.") % words,
                    "text": gettext("Find out why, then acknowledge it."),
                    "act": gettext("Acknowledge"),
                    "act_url": reverse("people:acknowledge", args=[pk]),
                }
            )
        else:
            banners.append(
                {
                    "level": "warn",
                    "title": gettext("A reset of the second factors of %(name)s waits for its confirmation.")
                    % words,
                    "text": gettext("Two administrators are needed."),
                    "link": gettext("Show"),
                    "link_url": page,
                }
            )
    return banners
