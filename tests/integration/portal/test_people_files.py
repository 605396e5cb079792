"""People from CSV with a preview, and the list of people as CSV."""

import csv
import html
import io
import re
import time
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auditportal.accounts import people_csv
from auditportal.accounts.models import Grant, Invitation, User
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, Team
from recordings.trail.sentences import plain_sentence
from tests.factories import PASSWORD, agent, conversation, person, stream
from tests.integration.portal.test_mail import box, sent_through
from tests.mailbox import Mailbox

__all__ = ["box", "sent_through"]

HEAD = "Name,User name,Mail address,Role,From,Until,Reason"
RUT = "Rut Peled,rut.peled,rut@claims.example,qa_manager,,,joins"
OMAR = "Omar Aziz,,Omar@claims.example,External auditor,,2099-12-31,yearly audit"


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(person("administrator", "sam.ortiz", email="sam@audit.example.com"))
    return client


def listed(*lines: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *lines]).encode()


def preview(client: Client, data: bytes) -> Any:
    return client.post("/people/import/", {"file": SimpleUploadedFile("people.csv", data)})


def confirmed(client: Client, shown: Any, **fields: str) -> Any:
    initial = shown.context["form"].initial
    return client.post("/people/import/create/", {**initial, "password": PASSWORD, **fields})


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_nothing_is_created_until_it_is_confirmed(client: Client) -> None:
    shown = preview(client, listed(RUT, OMAR))
    assert "Create 2 accounts?" in text_of(shown)
    assert User.objects.count() == 1
    assert confirmed(client, shown, password="wrong").status_code == 422
    assert User.objects.count() == 1
    answer = confirmed(client, shown)
    assert "2 accounts were created" in text_of(answer)
    omar = User.objects.get(username="omar@claims.example")
    assert (omar.full_name, omar.email) == ("Omar Aziz", "Omar@claims.example")
    grant = omar.grants.get()
    assert (grant.role, grant.reason, grant.until is not None) == ("external_auditor", "yearly audit", True)
    kinds = list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds[1:] == ["auth.confirmation_failed"] + ["person.invited", "role.granted"] * 2


def test_without_mail_the_links_are_shown_once_and_can_be_downloaded(client: Client) -> None:
    answer = confirmed(client, preview(client, listed(RUT, OMAR)))
    links = re.findall(r"http://testserver(/accounts/invitation/[\w-]+/)", text_of(answer))
    assert len(links) == 2
    address = re.search(r'href="data:text/csv;charset=utf-8,([^"]+)"', text_of(answer))
    assert address
    rows = list(csv.reader(io.StringIO(unquote(address[1]).removeprefix("\ufeff"))))
    assert [row[2].removeprefix("http://testserver") for row in rows[1:]] == links
    assert Client().post(links[0], {"password": "seven green bicycles on a roof"}).status_code == 302


def test_links_are_mailed_and_those_that_are_refused_are_shown(client: Client, box: Mailbox) -> None:
    box.refuse = {"rut@claims.example": "550 unknown"}
    answer = text_of(
        confirmed(client, preview(client, listed(RUT, OMAR, "No Mail,no.mail,,qa_manager,,,joins")))
    )
    assert "1 link was mailed." in answer
    assert "2 links for you to pass on" in answer
    assert "The mail server refused the recipient's address." in answer
    assert [letter.recipients for letter in box.letters] == [["Omar@claims.example"]]


def test_a_server_that_refuses_everything_is_asked_once(client: Client, box: Mailbox) -> None:
    box.refuse = {"MAIL": "550 not from you"}
    answer = text_of(confirmed(client, preview(client, listed(RUT, OMAR))))
    assert "2 links for you to pass on" in answer
    assert AuditEvent.objects.filter(kind="person.invitation_mailed").count() == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Rut,rut,rut@,qa_manager,,,joins", "Mail address: Enter a valid email address."),
        ("Rut,rut,,director,,,joins", "There is no role “director”. Roles are: compliance_officer,"),
        ("Rut,RUT,,qa_manager,,,joins", "User name: Use small letters"),
        ("Rut,,,qa_manager,,,joins", "User name: This field is required."),
        ("Rut,sam.ortiz,,qa_manager,,,joins", "Somebody has this user name."),
        ("Rut,rut,SAM@audit.example.com,qa_manager,,,joins", "Another active person has this mail address."),
        ("Rut,omar,,qa_manager,,,joins", "An earlier line has the same user name or mail address."),
        ("Rut,rut,OMAR@claims.example,qa_manager,,,joins", "An earlier line has the same user name"),
        ("Rut,rut,,qa_manager,,2020-01-01,joins", "This day is over."),
        ("Rut,rut,,qa_manager,2099-12-02,2099-12-01,joins", "The last day is before the first."),
        ("Rut,rut,,qa_manager,tomorrow,,joins", "From: Enter a valid date."),
        ("Rut,rut,,external_auditor,,,audit", "Until the end of: This role is granted until a day."),
        ("Rut,rut,,qa_manager,,,", "Reason: This field is required."),
        (",rut,,qa_manager,,,joins", "Full name: This field is required."),
        ("Rut,rut,,qa_manager,,,joins,and more", "The line has more cells than the first one."),
        ("Rut\x00,rut,,qa_manager,,,joins", "Null characters are not allowed."),
    ],
)
def test_a_bad_line_has_a_sentence_and_the_others_can_be_created(
    client: Client, line: str, sentence: str
) -> None:
    shown = preview(client, listed("Omar Aziz,omar,omar@claims.example,qa_manager,,,joins", line))
    assert shown.status_code == 200
    assert sentence in text_of(shown)
    assert "Create 1 account?" in text_of(shown)
    if "\x00" not in line:
        assert "1 account was created" in text_of(confirmed(client, shown))
        assert User.objects.count() == 2


SCOPED = f"{HEAD},Level,Channels,Teams,Agents,Sensitivity"


def test_a_line_has_its_level_and_scope_and_the_preview_and_the_trail_name_it(client: Client) -> None:
    retail, claims = stream("Retail"), stream("Claims; old")
    Team.objects.create(pk=3, name="North")
    conversation(stream=retail, recordings=1)
    line = f"{RUT},view,Retail; {claims.pk},north,,Confidential"
    shown = preview(client, listed(line, f"{OMAR},,,,,", head=SCOPED))
    page = text_of(shown)
    for phrase in ("View", "Channels: Claims; old, Retail", "Teams: North", "Sensitivity: Confidential"):
        assert phrase in page
    assert "This scope matches no recording now." in page
    confirmed(client, shown)
    grant = User.objects.get(username="rut.peled").grants.get()
    assert (grant.level, grant.channels, grant.teams, grant.agents, grant.classes) == (
        "view",
        sorted([retail.pk, claims.pk]),
        [3],
        [],
        ["confidential"],
    )
    assert User.objects.get(username="omar@claims.example").grants.get().level == "manage"
    granted = open_event(AuditEvent.objects.filter(kind="role.granted").order_by("id")[0].event_id)
    assert granted is not None
    assert "teams: \u2068North\u2069" in plain_sentence(granted)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (",all,,,,", "Level: There is no level “all”. Levels are: list, view, download, manage."),
        (",,Retail; Mars,,,", "Channels: There is no channel “Mars”."),
        (",,,77,,", "Teams: There is no team “77”."),
        (",,,,Nobody,", "Agents: There is no agent “Nobody”."),
        (",,,,Dana Ford,", "Agents: Several are called “Dana Ford”. Write the number."),
        (",,,,,secret", "There is no class “secret”. Classes are: standard, confidential, restricted."),
    ],
)
def test_a_bad_scope_has_a_sentence(client: Client, cells: str, sentence: str) -> None:
    stream("Retail")
    agent("Dana Ford")
    agent("Dana Ford")
    shown = preview(client, listed(f"{RUT}{cells}", head=SCOPED))
    assert sentence in text_of(shown)
    assert "No line can be imported." in text_of(shown)


@pytest.mark.parametrize("cells", ["view,,,,", "manage,,,,standard"])
def test_the_role_of_an_administrator_has_no_scope_in_a_file_either(client: Client, cells: str) -> None:
    shown = preview(client, listed(f"Rut,rut,,administrator,,,joins,{cells}", head=SCOPED))
    assert "has the level “Manage” and no scope" in text_of(shown)


def test_a_list_of_scopes_takes_the_same_statements_for_one_and_three_lines(
    client: Client, django_assert_num_queries: Any
) -> None:
    retail = stream("Retail")
    conversation(stream=retail, recordings=1)
    lines = [f"P,p{number},,qa_manager,,,joins,view,Retail,,," for number in range(3)]
    preview(client, listed(*lines[:1], head=SCOPED))
    with CaptureQueriesContext(connection) as one:
        preview(client, listed(*lines[:1], head=SCOPED))
    with django_assert_num_queries(len(one)):
        preview(client, listed(*lines, head=SCOPED))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"\r\n\r\n", "The file is empty."),
        (listed(), "There are no lines below the first one."),
        (
            listed(*[f"P,p{number},,qa_manager,,,joins" for number in range(501)]),
            "There are 501 lines; the limit is 500.",
        ),
        (b"x" * (people_csv.LARGEST + 1), "The file is too large."),
        ("Name,Role,Reason\nרות,qa_manager,joins".encode("cp1255"), "The file is not in UTF-8."),
        ("Name,Role,Reason\nRut,qa_manager,joins".encode("utf-16"), "The file is not in UTF-8."),
        (b"Name,Role\nRut,qa_manager", "The column “Reason” is missing."),
        (b"Name,Role,Reason,Salary\nRut,qa_manager,joins,1", "The column “Salary” is not known."),
        (b"Name,Role,Reason,name\nRut,qa_manager,joins,x", "The column “Name” is there twice."),
        (b'Name,Role,Reason\n"' + b"x" * 140_000 + b'",qa_manager,joins', "Line 2 cannot be read as CSV."),
    ],
)
def test_a_file_that_is_no_list_has_a_sentence(client: Client, data: bytes, sentence: str) -> None:
    answer = preview(client, data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_a_byte_order_mark_as_spreadsheets_write_them(client: Client, separator: str) -> None:
    shown = preview(client, b"\xef\xbb\xbf" + listed(RUT).replace(b",", separator.encode()))
    assert "Create 1 account?" in text_of(shown)


def test_lines_can_be_pasted_and_columns_named_in_the_readers_language(client: Client) -> None:
    client.cookies["django_language"] = "he"
    User.objects.filter(username="sam.ortiz").update(language="he")
    assert "rut.peled" in text_of(client.post("/people/import/", {"text": f"{HEAD}\n{RUT}"}))


def test_neither_file_nor_lines(client: Client) -> None:
    assert "Choose a file, or paste lines." in text_of(client.post("/people/import/", {"text": " "}))


def test_a_list_that_has_changed_since_is_shown_again(client: Client) -> None:
    shown = preview(client, listed(RUT, OMAR))
    person("qa_manager", "rut.peled")
    answer = confirmed(client, shown)
    assert answer.status_code == 422
    assert "The list has changed since it was shown." in text_of(answer)
    assert User.objects.count() == 2


def test_one_that_fails_leaves_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody takes a user name between the check and the creation."""
    shown = preview(client, listed(OMAR, RUT))
    checked = people_csv.read
    monkeypatch.setattr(people_csv, "read", lambda text: checked(text) * 2)
    answer = confirmed(client, shown, good="4")
    assert answer.status_code == 409
    assert "Somebody has this user name." in text_of(answer)
    assert User.objects.count() == 1
    assert not Invitation.objects.exists()
    assert not Grant.objects.exclude(user__username="sam.ortiz").exists()


def test_500_lines_are_created_in_one_request(client: Client) -> None:
    lines = [
        f"Person {n},person.{n},p{n}@claims.example,qa_manager,,,joins the claims team" for n in range(500)
    ]
    shown = preview(client, listed(*lines))
    started = time.perf_counter()
    answer = confirmed(client, shown)
    print(f"{time.perf_counter() - started:.1f} s")
    assert "500 accounts were created" in text_of(answer)
    assert User.objects.count() == 501


class TestExport:
    def test_the_list_is_exported_as_it_is_filtered_with_an_event(self, client: Client) -> None:
        tom = person("", "tom.brandt", full_name="=HYPERLINK(1)", email="tom@claims.example")
        Grant.objects.create(user=tom, role="qa_manager", level="view", channels=[31245, 31246])
        person("external_auditor", "eva.lang")
        answer = client.post("/people/export/?role=qa_manager")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert re.fullmatch(r'attachment; filename="people-[\d-]+\.csv"', answer["Content-Disposition"])
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0][:5] == ["Name", "User name", "Mail address", "Account", "Roles"]
        assert [row[:4] for row in rows[1:]] == [
            ["'=HYPERLINK(1)", "tom.brandt", "tom@claims.example", "has not signed in yet"]
        ]
        assert re.fullmatch(r"qa_manager, level view, channels 31245 31246, from [\d:TZ-]+", rows[1][4])
        event = AuditEvent.objects.get(kind="person.list_exported")
        assert '"people":1,"role":"qa_manager"' in bytes(event.body).decode()

    def test_the_words_of_the_search_are_a_personal_value(self, client: Client) -> None:
        client.post("/people/export/?q=brandt")
        assert "brandt" not in bytes(AuditEvent.objects.get(kind="person.list_exported").body).decode()

    def test_it_is_exported_by_a_form_only(self, client: Client) -> None:
        assert client.get("/people/export/").status_code == 405
