"""The lists of viewings and refusals on the recording's page. A viewing starts with an issued URL."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import Recording
from recordings.overview.views import watched_by
from recordings.reach import EVERYTHING
from tests import factories

pytestmark = pytest.mark.usefixtures("committed_db")

# Every way in which the portal refuses a video, as playback writes it.
REFUSALS = [
    (
        Kind.VIEWING_DENIED,
        Outcome.DENIED,
        {"reason": "not_playable", "sentence": "This file cannot be played."},
    ),
    (Kind.VIEWING_DENIED, Outcome.DENIED, {"reason": "ended", "sentence": "This viewing has ended."}),
    (Kind.URL_REFUSED, Outcome.DENIED, {"reason": "off_list", "sentence": "The place is not on the list."}),
    (Kind.URL_REFUSED, Outcome.ERROR, {"reason": "upstream", "sentence": "CommBox did not answer."}),
    (Kind.URL_REFUSED, Outcome.ERROR, {"reason": "not_sealed", "sentence": "The log is behind."}),
]


def page_of(recording: Recording) -> dict[str, str]:
    """Return the HTML of the lists of viewings and refusals."""
    client = Client()
    client.force_login(factories.person("compliance_officer"))
    page = " ".join(client.get(f"/recordings/{recording.pk}/").content.decode().split())
    section = page[page.index('id="viewings"') :]
    viewings, _, refusals = section[: section.index("</section>")].partition('id="refusals"')
    return {"viewings": viewings, "refusals": refusals}


@pytest.mark.parametrize(("kind", "outcome", "detail"), REFUSALS)
def test_a_refused_play_is_listed_as_a_refusal_and_not_as_a_viewing(
    kind: Kind, outcome: Outcome, detail: dict[str, Any]
) -> None:
    recording, tom = factories.recording(), factories.person("qa_manager", "tom.brandt")
    refused = factories.viewing(recording, tom, ended_at=timezone.now())
    by = Actor(ref=f"user:{tom.pk}", kind="person", name="Tom Brandt")
    detail = {"viewing": str(refused.pk), **detail}
    record(kind, by=by, target=Target.of(recording), outcome=outcome, purpose=Purpose.QUALITY, detail=detail)
    page = page_of(recording)
    assert "Nobody has watched this recording through the portal." in page["viewings"]
    assert "Tom Brandt" not in page["viewings"]
    assert "Tom Brandt" in page["refusals"]
    assert str(detail["sentence"]).rstrip(".") in page["refusals"]
    assert watched_by(tom.pk, EVERYTHING) == []


def test_a_viewing_that_began_is_listed_and_what_it_was_refused_later_beside_it() -> None:
    recording, tom = factories.recording(), factories.person("qa_manager", "tom.brandt")
    begun = factories.viewing(recording, tom, url_issued_at=timezone.now())
    by = Actor(ref=f"user:{tom.pk}", kind="person", name="Tom Brandt")
    record(
        Kind.URL_REFUSED,
        by=by,
        outcome=Outcome.ERROR,
        target=Target.of(recording),
        detail={"sentence": "No."},
    )
    page = page_of(recording)
    assert begun.short_id in page["viewings"]
    assert "given this video to nobody" not in page["viewings"]
    assert "was refused a URL · <bdi>No</bdi>" in page["refusals"]
    assert [row.recording_id for row in watched_by(tom.pk, EVERYTHING)] == [recording.pk]


def test_without_refusals_there_is_no_list_of_them_and_the_certificate_promises_nothing() -> None:
    recording = factories.recording()
    factories.viewing(recording, factories.person("qa_manager", "tom.brandt"), url_issued_at=timezone.now())
    page = page_of(recording)
    assert page["refusals"] == ""
    assert (
        "Export a bundle</a> with everything the sealed log contains about this recording" in page["viewings"]
    )
    assert "no viewing of it" not in page["viewings"]
