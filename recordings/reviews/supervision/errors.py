"""Why an act of supervision is refused."""

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import NotPermitted, PortalError


class UnknownItem(PortalError):
    """There is no item with this id, or its recording is outside the person's reach."""

    status = 404
    sentence = _("There is no item of supervision with this id.")


class UnknownCheck(PortalError):
    """There is no spot check with this id, or its recording is outside the person's reach."""

    status = 404
    sentence = _("There is no spot check with this id.")


class Overtaken(PortalError):
    """Somebody else decided about the item after the page was loaded."""

    status = 409
    sentence = _(
        "Somebody else decided about this item after you loaded the page. Nothing was saved. What you typed is kept"
        " below: read the history, then decide."
    )


class NotOpen(PortalError):
    """The item left the queue."""

    status = 409
    sentence = _("This item left the queue. Nothing was saved. What you typed is kept below.")


class NotHolder(NotPermitted):
    """The item was escalated to another person."""

    sentence = _("This item was escalated to another person, who decides next. Nothing was saved.")


class NotSecond(NotPermitted):
    """A spot check is done by somebody who did not decide about the item."""

    sentence = _(
        "You decided about this item yourself. A second compliance officer checks it. Nothing was saved."
    )


class CheckedAlready(PortalError):
    """A spot check has one verdict."""

    status = 409
    sentence = _("Somebody else finished this spot check after you loaded the page. Nothing was saved.")


class NothingToDraw(PortalError):
    """No closed item of the period can be drawn."""

    status = 422
    sentence = _("No item was closed in this period that is not drawn already. Choose another period.")


NOT_WATCHED = _("You have not watched this moment. Watch it first, or point at another one.")
NEEDS_MOMENT = _("Point at the moment of the recording.")
