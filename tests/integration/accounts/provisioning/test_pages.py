"""Administrators make and revoke tokens, and give groups roles; each with their password, each an event."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import User
from auditportal.accounts.provisioning.models import GroupRole, Token
from recordings.audit.opened import open_event
from recordings.models import AuditEvent
from recordings.trail.sentences import plain_sentence
from tests.factories import PASSWORD, conversation, forget_confirmation, person, stream
from tests.integration.accounts.provisioning.helpers import Provider, token

TODAY = timezone.now().date()


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def made(client: Client, **fields: str) -> Any:
    last_day = str(TODAY + timedelta(days=90))
    given = {"name": "Okta", "scope": "users", "until": last_day, "password": PASSWORD, **fields}
    return client.post("/people/provisioning/tokens/", given)


def kinds() -> list[str]:
    found = AuditEvent.objects.order_by("id").values_list("kind", flat=True)
    return [kind for kind in found if kind.startswith(("provisioning.token", "group.", "auth.conf"))]


def test_a_token_is_shown_once_works_and_is_revoked(client: Client) -> None:
    shown = re.search(r"scim_[\w-]{43}", made(client).content.decode())
    assert shown
    provider = Provider(shown[0])
    assert provider("GET", "Users").status_code == 200
    page = client.get("/people/provisioning/").content.decode()
    assert "Okta" in page
    assert shown[0] not in page
    row = Token.objects.get()
    answer = client.post(
        f"/people/provisioning/tokens/{row.pk}/revoke/", {"reason": "leaked", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert provider("GET", "Users").status_code == 401
    assert "Revoked" in client.get("/people/provisioning/").content.decode()
    assert kinds() == ["provisioning.token_created", "provisioning.token_revoked"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "wrong"}, "The password or code is wrong."),
        ({"name": ""}, "This field is required."),
        ({"until": ""}, "This field is required."),
        ({"until": "2020-01-01"}, "This day is over."),
        ({"until": str(TODAY + timedelta(days=400))}, "within a year"),
        ({"scope": "everything"}, "Select a valid choice."),
    ],
)
def test_bad_input_gets_a_sentence_and_no_token(
    client: Client, fields: dict[str, str], sentence: str
) -> None:
    forget_confirmation(client)
    answer = made(client, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Token.objects.exists()


def test_a_group_is_given_a_role_and_loses_it(admin: User, client: Client) -> None:
    provider = Provider(token(admin))
    rut = provider.create("rut.peled")
    provider.group("Claims QA", rut)
    fields = {"group": "Claims QA", "role": "qa_manager", "level": "manage", "password": PASSWORD}
    assert client.post("/people/provisioning/roles/", fields).status_code == 302
    user = User.objects.get(username="rut.peled")
    assert [role.code for role in user.roles] == ["qa_manager"]
    assert (
        "already has the role"
        in client.post("/people/provisioning/roles/", fields, follow=True).content.decode()
    )
    clash = client.post("/people/provisioning/roles/", {**fields, "role": "administrator"})
    assert clash.status_code == 422
    assert "never sees recordings" in clash.content.decode()
    row = GroupRole.objects.get()
    client.post(f"/people/provisioning/roles/{row.pk}/end/", {"reason": "moved", "password": PASSWORD})
    assert not User.objects.get(pk=user.pk).roles
    assert kinds()[-1] == "group.role_ended"


def test_the_role_of_a_group_has_a_scope_and_two_groups_may_differ_in_it(admin: User, client: Client) -> None:
    retail, claims = stream("Retail"), stream("Claims")
    conversation(stream=retail, recordings=1)
    provider = Provider(token(admin))
    rut = provider.create("rut.peled")
    provider.group("Retail QA", rut)
    provider.group("Claims QA", rut)
    fields: dict[str, Any] = {"group": "Retail QA", "role": "reviewer", "level": "view", "password": PASSWORD}
    counted = client.post("/people/provisioning/roles/", {**fields, "channels": [retail.pk], "count": "1"})
    assert counted.status_code == 200
    assert "reaches 1 recording now" in counted.content.decode()
    assert client.post("/people/provisioning/roles/", {**fields, "channels": [retail.pk]}).status_code == 302
    fields = {**fields, "group": "Claims QA", "channels": [claims.pk]}
    assert "matches no recording" in client.post("/people/provisioning/roles/", fields).content.decode()
    assert client.post("/people/provisioning/roles/", {**fields, "anyway": "on"}).status_code == 302
    user = User.objects.get(username="rut.peled")
    assert [(each.level, set(each.channels)) for each in user.held_grants] == [
        ("view", {retail.pk}),
        ("view", {claims.pk}),
    ]
    assert "Channels: Claims" in client.get("/people/provisioning/").content.decode()
    row = GroupRole.objects.get(group="Claims QA")
    assert "Channels: Claims" in client.get(f"/people/provisioning/roles/{row.pk}/end/").content.decode()
    client.post(f"/people/provisioning/roles/{row.pk}/end/", {"reason": "moved"})
    assert [each.channels for each in User.objects.get(pk=user.pk).held_grants] == [frozenset({retail.pk})]
    ended = open_event(AuditEvent.objects.get(kind="group.role_ended").event_id)
    assert ended is not None
    assert "level: View · channels: \u2068Claims\u2069" in plain_sentence(ended)


def test_nobody_changes_their_own_rights_through_a_group(admin: User, client: Client) -> None:
    Provider(token(admin)).group("Admins", f"user-{admin.pk}")
    fields = {"group": "Admins", "role": "compliance_officer", "level": "view", "password": PASSWORD}
    answer = client.post("/people/provisioning/roles/", fields)
    assert answer.status_code == 409
    assert not GroupRole.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_the_same_statements_for_one_and_three_rows(
    admin: User, client: Client, number: int, django_assert_num_queries: Any
) -> None:
    provider = Provider(token(admin))
    people = [provider.create(person().username + ".x") for _ in range(number)]
    for each in range(number):
        token(admin)
        provider.group(f"Group {each}", *people)
        GroupRole.objects.create(group=f"Group {each}", role="qa_manager", created_by=admin)
    client.get("/people/provisioning/")
    with django_assert_num_queries(12):
        client.get("/people/provisioning/")
