"""The pages of reviews: one entry of the navigation, and a tab for each page that a person may open."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.permissions import Permission

# Code, label, URL name and the permissions of which one shows it.
TABS: tuple[tuple[str, str | Promise, str, tuple[Permission, ...]], ...] = (
    ("evaluations", _("My evaluations"), "reviews:evaluations", (Permission.EVALUATE,)),
    ("todo", _("To do"), "plans:todo", (Permission.EVALUATE,)),
    ("plans", _("Sampling plans"), "plans:list", (Permission.MANAGE_SAMPLING,)),
    ("results", _("Results"), "disputes:results", (Permission.READ_EVALUATIONS,)),
    (
        "calibration",
        _("Calibration"),
        "calibration:list",
        (Permission.EVALUATE, Permission.MANAGE_CALIBRATION),
    ),
    ("coaching", _("Coaching"), "coaching:sessions", (Permission.COACH,)),
    ("library", _("Training library"), "coaching:library", (Permission.COACH,)),
    ("my_coaching", _("My coaching"), "coaching:mine", (Permission.EVALUATE,)),
    ("scorecards", _("Scorecards"), "reviews:scorecards", (Permission.MANAGE_SCORECARDS,)),
    ("numbers", _("Numbers"), "numbers:overview", (Permission.READ_EVALUATIONS,)),
    ("supervision", _("Supervision"), "supervision:queue", (Permission.SUPERVISE,)),
)
REVIEWING = tuple(dict.fromkeys(permission for *_rest, permissions in TABS for permission in permissions))
