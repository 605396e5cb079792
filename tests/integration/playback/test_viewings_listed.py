"""What the recording's page says of viewings: only what was given out is one, and nothing is promised beforehand."""

import pytest
from django.test import Client
from django.utils import timezone

from tests import factories

pytestmark = pytest.mark.usefixtures("committed_db")


def page_of(recording_id: object) -> str:
    client = Client()
    client.force_login(factories.person("compliance_officer"))
    return " ".join(client.get(f"/recordings/{recording_id}/").content.decode().split())


def test_a_refused_play_is_no_viewing() -> None:
    recording = factories.recording()
    factories.viewing(recording, factories.person("qa_manager", "tom.brandt"), ended_at=timezone.now())
    page = page_of(recording.pk)
    assert "The portal has given this video to nobody so far." in page
    assert "1 play was refused: no video was given out then." in page
    assert "Tom Brandt" not in page


def test_a_viewing_is_listed_and_the_certificate_promises_nothing() -> None:
    recording = factories.recording()
    tom = factories.person("qa_manager", "tom.brandt")
    factories.viewing(recording, tom, url_issued_at=timezone.now())
    page = page_of(recording.pk)
    assert "Tom Brandt" in page
    assert "given this video to nobody" not in page
    assert "Export a certificate</a>: what the sealed log holds about this recording" in page
    assert "no viewing of it" not in page
