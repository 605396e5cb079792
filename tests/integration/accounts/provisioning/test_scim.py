"""What identity providers do through SCIM, and what they are refused. Whatever is refused changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from auditportal.accounts import actions
from auditportal.accounts.models import Grant, User
from auditportal.accounts.provisioning import scim
from auditportal.accounts.provisioning.group_roles import add_group_role, end_group_role
from auditportal.accounts.provisioning.models import GroupRole, Membership, Person, Token
from auditportal.accounts.provisioning.tokens import revoke_token
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent, Viewing
from tests.factories import person, viewing
from tests.integration.accounts.provisioning.helpers import BY, GROUP, PATCH, USER, Provider, token

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def kinds(*prefixes: str) -> list[str]:
    found = AuditEvent.objects.order_by("id").values_list("kind", flat=True)
    return [kind for kind in found if kind.startswith(prefixes or ("person.", "role.", "group."))]


def everything() -> tuple[Any, ...]:
    """All that SCIM could change."""
    return tuple(
        sorted(map(str, model.objects.values_list()))
        for model in (User, Grant, Person, Membership, GroupRole)
    )


def roles(scim_id: str) -> list[str]:
    return [role.code for role in User.objects.get(pk=scim_id.removeprefix("user-")).roles]


class TestPeople:
    def test_a_person_is_created_changed_and_removed_and_each_is_an_event_of_the_token(
        self, provider: Provider
    ) -> None:
        rut = provider.create("rut.peled", displayName="Rut Peled", externalId="00u1")
        user = User.objects.get(username="rut.peled")
        assert (user.full_name, user.is_active, user.has_usable_password()) == ("Rut Peled", True, False)
        replaced = provider.patch(
            f"Users/{rut}",
            {"op": "replace", "path": "displayName", "value": "Rut Levi"},
            {"op": "add", "path": "emails", "value": [{"value": "rut@example.com", "type": "work"}]},
        )
        assert replaced.status_code == 204
        user.refresh_from_db()
        assert (user.full_name, user.email) == ("Rut Levi", "rut@example.com")
        assert provider("DELETE", f"Users/{rut}").status_code == 204
        assert provider("GET", f"Users/{rut}").status_code == 404
        assert provider("GET", 'Users?filter=userName eq "rut.peled"').json()["totalResults"] == 0
        assert kinds() == [
            "person.created",
            "person.changed",
            "person.deactivated",
            "person.removed",
        ]
        rows = AuditEvent.objects.filter(kind__startswith="person.").values_list(*COLUMNS)
        for event in open_events(stored(rows)):
            assert event.actor_ref == f"token:{Token.objects.get().pk}"
            assert event.actor_name == "Okta"

    def test_a_deactivated_person_is_out_with_the_next_request(self, provider: Provider) -> None:
        tom = person("qa_manager")
        toms = Client()
        toms.force_login(tom)
        watching = viewing(viewer=tom)
        assert toms.get("/objects/").status_code == 200
        # As Microsoft Entra ID writes it.
        done = provider.patch(f"Users/user-{tom.pk}", {"op": "Replace", "path": "active", "value": "False"})
        assert done.status_code == 204
        assert toms.get("/objects/").status_code == 302
        assert Viewing.objects.get(pk=watching.pk).ended_at is not None
        # As Okta writes it.
        assert provider.patch(f"Users/user-{tom.pk}", {"op": "replace", "value": {"active": True}})
        tom.refresh_from_db()
        assert tom.is_active
        assert toms.get("/objects/").status_code == 302  # the old session stays ended

    def test_who_comes_back_after_a_removal_has_their_old_account(self, provider: Provider) -> None:
        rut = provider.create("rut.peled", externalId="00u1")
        provider("DELETE", f"Users/{rut}")
        assert provider.create("Rut.Peled", externalId="00u1") == rut
        assert User.objects.get(username="rut.peled").is_active

    def test_a_provider_finds_the_person_it_looks_for(self, provider: Provider) -> None:
        rut = provider.create("rut.peled", externalId="00u1")
        provider.create("tom.brandt")
        for asked in (
            'userName eq "RUT.peled"',
            'externalId eq "00u1"',
            'userName sw "rut" and active eq true',
        ):
            found = provider("GET", f"Users?filter={asked}").json()
            assert [each["id"] for each in found["Resources"]] == [rut], asked
        first = provider("GET", "Users?count=1&startIndex=2").json()
        assert (first["totalResults"], first["itemsPerPage"]) == (3, 1)

    def test_what_the_portal_does_not_keep_is_dropped(self, provider: Provider) -> None:
        body = {
            "schemas": [USER, ENTERPRISE],
            "userName": "rut.peled",
            "name": {"givenName": "Rut", "familyName": "Peled"},
            "password": "seven green bicycles",
            "phoneNumbers": [{"value": "+972 3 555 0000", "type": "work"}],
            "emails": [
                {"value": "rut@home.example", "type": "home"},
                {"value": "rut@example.com", "type": "work", "primary": True},
            ],
            ENTERPRISE: {"department": "Claims"},
        }
        answer = provider("POST", "Users", body)
        assert answer.status_code == 201
        user = User.objects.get(username="rut.peled")
        assert (user.full_name, user.email) == ("Rut Peled", "rut@example.com")
        assert not user.has_usable_password()
        path = f"Users/user-{user.pk}"
        assert provider.patch(path, {"op": "add", "path": "title", "value": "Lead"}).status_code == 200
        selected = 'emails[type eq "work"].value'
        assert provider.patch(path, {"op": "Add", "path": selected, "value": "peled@example.com"})
        assert provider.patch(
            path, {"op": "add", "path": 'emails[type eq "home"].value', "value": "a@b.example"}
        )
        user.refresh_from_db()
        assert user.email == "peled@example.com"


class TestGroups:
    def test_members_of_a_group_have_its_role_until_they_leave(self, admin: User, provider: Provider) -> None:
        assert add_group_role(group="Claims QA", role="qa_manager", by=BY, added_by=admin)
        rut, tom = provider.create("rut.peled"), provider.create("tom.brandt")
        group = provider.group("Claims QA", rut, tom)
        assert (roles(rut), roles(tom)) == (["qa_manager"], ["qa_manager"])
        grant = Grant.objects.get(user__username="rut.peled")
        assert (grant.granted_by, grant.until, grant.reason) == (
            None,
            None,
            "Member of the group “Claims QA”",
        )
        left = provider.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{rut}"]'})
        assert left.status_code == 204
        assert (roles(rut), roles(tom)) == ([], ["qa_manager"])
        grant.refresh_from_db()
        assert grant.ended_at is not None
        assert kinds("group.", "role.") == [
            "group.role_added",
            "group.created",
            *["group.member_added"] * 2,
            *["role.granted"] * 2,
            "group.member_removed",
            "role.revoked",
        ]

    def test_a_grant_by_hand_is_not_touched(self, admin: User, provider: Provider) -> None:
        add_group_role(group="Claims QA", role="qa_manager", by=BY, added_by=admin)
        tom = person("qa_manager")
        group = provider.group("Claims QA", f"user-{tom.pk}")
        assert Grant.objects.filter(user=tom).count() == 1
        provider("DELETE", f"Groups/{group}")
        assert roles(f"user-{tom.pk}") == ["qa_manager"]

    def test_the_role_follows_the_table_and_the_name(self, admin: User, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        group = provider.group("Claims", rut)
        add_group_role(group="Claims QA", role="qa_manager", by=BY, added_by=admin)
        assert roles(rut) == []
        provider.patch(f"Groups/{group}", {"op": "replace", "path": "displayName", "value": "Claims QA"})
        assert roles(rut) == ["qa_manager"]
        add_group_role(group="Claims QA", role="compliance_officer", by=BY, added_by=admin)
        assert len(roles(rut)) == 2
        for row in GroupRole.objects.all():
            assert end_group_role(row=row, by=BY, ended_by=admin, reason="reorganised")
        assert roles(rut) == []

    def test_two_groups_with_one_role_hold_it_until_both_are_left(
        self, admin: User, provider: Provider
    ) -> None:
        rut = provider.create("rut.peled")
        for name in ("East", "West"):
            add_group_role(group=name, role="qa_manager", by=BY, added_by=admin)
        east, west = provider.group("East", rut), provider.group("West", rut)
        provider("DELETE", f"Groups/{east}")
        assert roles(rut) == ["qa_manager"]
        provider("DELETE", f"Groups/{west}")
        assert roles(rut) == []

    def test_nobody_gives_their_own_group_a_role(self, admin: User, provider: Provider) -> None:
        provider.group("Admins", f"user-{admin.pk}")
        with pytest.raises(actions.OwnAccount):
            add_group_role(group="Admins", role="compliance_officer", by=BY, added_by=admin)
        assert not GroupRole.objects.exists()


class TestRefused:
    """Each gets a status of RFC 7644 with a sentence, and nothing is half done."""

    def refused(self, provider: Provider, status: int, *request: Any) -> str:
        before = everything()
        answer = provider(*request)
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/scim+json"
        assert everything() == before
        said = answer.json()
        assert said["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert said["status"] == str(status)
        return str(said["detail"])

    def patched(self, provider: Provider, status: int, path: str, *operations: Any) -> str:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.refused(provider, status, "PATCH", path, body)

    def test_the_last_administrator(self, admin: User, provider: Provider) -> None:
        path = f"Users/user-{admin.pk}"
        renamed = {"op": "replace", "path": "displayName", "value": "Nobody"}
        closed = {"op": "replace", "path": "active", "value": False}
        assert "last administrator" in self.patched(provider, 400, path, renamed, closed)
        assert "last administrator" in self.refused(provider, 400, "DELETE", path)
        assert "provisioning.refused" in kinds("provisioning.")
        admin.refresh_from_db()
        assert admin.full_name == "Sam Ortiz"

    def test_the_last_administrator_by_group(self, admin: User, provider: Provider) -> None:
        add_group_role(group="Admins", role="administrator", by=BY, added_by=admin)
        rut = provider.create("rut.peled")
        group = provider.group("Admins", rut)
        actions.deactivate(user=admin, by=BY, reason="left")
        for request in (
            ("DELETE", f"Groups/{group}"),
            (
                "PUT",
                f"Groups/{group}",
                {"schemas": [GROUP], "displayName": "Others", "members": [{"value": rut}]},
            ),
        ):
            assert "last administrator" in self.refused(provider, 400, *request)
        removed = {"op": "remove", "path": "members"}
        assert "last administrator" in self.patched(provider, 400, f"Groups/{group}", removed)
        assert roles(rut) == ["administrator"]

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            ({"userName": "a.b", "favouriteColour": "blue"}, "favouriteColour"),
            ({"userName": "a.b", "emails": [{"value": "no address"}]}, "email"),
            ({"userName": "a b"}, "A userName has"),
            ({"userName": "x" * 81}, "A userName has"),
            ({"userName": "a.b", "displayName": "x" * 161}, "at most 160"),
            ({"userName": "a.b", "displayName": "x\0"}, "displayName"),
            ({"displayName": "Nobody"}, "user"),
            ([], ""),
            ("text", ""),
        ],
    )
    def test_a_person_with(self, provider: Provider, body: Any, detail: str) -> None:
        if isinstance(body, dict):
            body = {"schemas": [USER], **body}
        assert detail.lower() in self.refused(provider, 400, "POST", "Users", body).lower()

    def test_a_name_or_id_that_somebody_has(self, provider: Provider) -> None:
        provider.create("rut.peled", externalId="00u1")
        for fields in ({"userName": "RUT.peled"}, {"userName": "tom", "externalId": "00u1"}):
            assert "Somebody has" in self.refused(
                provider, 409, "POST", "Users", {"schemas": [USER], **fields}
            )
        mails = [{"value": "rut@example.com"}]
        provider.create("dana.levi", emails=mails)
        body = {"schemas": [USER], "userName": "tom.brandt", "emails": mails}
        assert "mail address" in self.refused(provider, 409, "POST", "Users", body)
        provider.group("Claims")
        named = {"schemas": [GROUP], "displayName": "Claims"}
        assert "There is a group" in self.refused(provider, 409, "POST", "Groups", named)

    def test_an_account_for_emergencies_is_nobody_to_scim(self, provider: Provider) -> None:
        spare = person("administrator", "spare", is_break_glass=True)
        path = f"Users/user-{spare.pk}"
        self.refused(provider, 404, "GET", path)
        self.refused(provider, 404, "DELETE", path)
        self.patched(provider, 404, path, {"op": "replace", "path": "active", "value": False})
        assert provider("GET", 'Users?filter=userName eq "spare"').json()["totalResults"] == 0
        named = {"schemas": [USER], "userName": "spare"}
        assert "Somebody has" in self.refused(provider, 409, "POST", "Users", named)
        members = {"schemas": [GROUP], "displayName": "Claims", "members": [{"value": f"user-{spare.pk}"}]}
        self.refused(provider, 400, "POST", "Groups", members)

    def test_a_new_user_name(self, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        renamed = {"op": "replace", "path": "userName", "value": "rut.levi"}
        self.patched(provider, 400, f"Users/{rut}", renamed)

    def test_an_unknown_attribute_in_a_patch(self, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        first = {"op": "replace", "path": "displayName", "value": "Rut"}
        self.patched(provider, 400, f"Users/{rut}", first, {"op": "add", "path": "shoeSize", "value": 38})
        self.patched(provider, 400, f"Users/{rut}", first, {"op": "add", "value": {"shoeSize": 38}})
        self.patched(provider, 400, f"Users/{rut}", *[first] * 1001)

    def test_ten_thousand_members(self, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        members = [{"value": rut}, *[{"value": f"user-{number}"} for number in range(10_000_000, 10_010_000)]]
        body = {"schemas": [GROUP], "displayName": "Everybody", "members": members}
        assert "at most 1,000 members" in self.refused(provider, 400, "POST", "Groups", body)

    def test_a_member_whom_nobody_knows(self, provider: Provider) -> None:
        rut, group = provider.create("rut.peled"), provider.group("Claims")
        for unknown in ("user-999999", group, "x", "user-٣"):
            members = [{"value": rut}, {"value": unknown}]
            self.patched(provider, 400, f"Groups/{group}", {"op": "add", "path": "members", "value": members})

    def test_one_member_twice_is_one_member(self, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        provider.group("Claims", rut, rut)
        assert Membership.objects.count() == 1

    def test_an_older_version(self, provider: Provider) -> None:
        rut = provider.create("rut.peled")
        client = Client()
        answer = client.generic(
            "DELETE",
            f"/scim/v2/Users/{rut}",
            headers={"Authorization": f"Bearer {provider.token}", "If-Match": 'W/"0123456789abcdef"'},
        )
        assert answer.status_code == 412
        assert User.objects.get(username="rut.peled").is_active

    def test_more_than_a_megabyte(self, provider: Provider) -> None:
        self.refused(provider, 413, "POST", "Users", {"schemas": [USER], "userName": "a" * scim.MAX_BYTES})

    @pytest.mark.parametrize("path", ["Users/user-999999", "Users/7", "Groups/group-1", "Cars", "Users/a/b"])
    def test_what_is_not_there(self, provider: Provider, path: str) -> None:
        self.refused(provider, 404, "GET", path)


class TestTokens:
    @pytest.mark.parametrize("spoilt", ["missing", "made up", "expired", "revoked", "of another scheme"])
    def test_without_a_valid_token_there_is_a_sentence(self, admin: User, spoilt: str) -> None:
        provider = Provider(token(admin, days=-1 if spoilt == "expired" else 1))
        match spoilt:
            case "missing":
                provider.token = ""
            case "made up":
                provider.token = "scim_" + "x" * 43
            case "revoked":
                assert revoke_token(row=Token.objects.get(), by=BY, revoked_by=admin, reason="leaked")
            case "of another scheme":
                provider.token = "x"
        answer = provider("GET", "Users")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert "valid token" in answer.json()["detail"]
        assert "sam.ortiz" not in answer.content.decode()
        assert kinds("provisioning.refused") == ["provisioning.refused"]

    def test_a_session_is_no_token(self, admin: User) -> None:
        client = Client()
        client.force_login(admin)
        assert client.get("/scim/v2/Users").status_code == 401

    @pytest.mark.parametrize(
        ("scope", "statuses"),
        [
            ("read", (200, 200, 403, 403)),
            ("users", (200, 403, 201, 403)),
            ("users_and_groups", (200, 200, 201, 201)),
        ],
    )
    def test_a_token_does_what_its_scope_says(
        self, admin: User, scope: str, statuses: tuple[int, ...]
    ) -> None:
        provider = Provider(token(admin, scope))
        answers = (
            provider("GET", "Users"),
            provider("GET", "Groups"),
            provider("POST", "Users", {"schemas": [USER], "userName": "rut.peled"}),
            provider("POST", "Groups", {"schemas": [GROUP], "displayName": "Claims"}),
        )
        assert tuple(answer.status_code for answer in answers) == statuses

    def test_the_token_is_stored_nowhere_and_its_last_use_is(self, admin: User, provider: Provider) -> None:
        assert Token.objects.get().last_used_at is None
        provider("GET", "Users")
        row = Token.objects.get()
        assert row.last_used_at is not None
        assert provider.token not in str(Token.objects.values_list())
        assert row.expires_at - row.created_at > timedelta(days=29)
        assert kinds("provisioning.") == ["provisioning.token_created", "provisioning.read"]

    def test_too_many_requests_wait(self, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scim, "PER_TOKEN", 2)
        monkeypatch.setattr(scim, "PER_ADDRESS", 2)
        stranger = Provider("")
        for asking, usual in ((provider, 200), (stranger, 401)):
            answers = [asking("GET", "Users") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [usual, usual, 429]
            assert int(answers[-1]["Retry-After"]) > 0
