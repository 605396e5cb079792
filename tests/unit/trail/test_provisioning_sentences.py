"""Events of identity providers in words."""

import pytest

from recordings.audit.kinds import Kind
from recordings.audit.opened import Opened
from recordings.trail.compose import ENGLISH
from recordings.trail.sentences import plain_sentence
from tests.unit.trail.test_sentences import event

TOM = {"kind": "person", "ref": "user:8"}
SAID = [
    (
        event(
            Kind.MEMBER_ADDED,
            names={"object.label": "Tom Brandt", "action_detail.group": "Claims QA"},
            object=TOM,
            action_detail={"group": "0" * 64},
        ),
        "Noa Levi added Tom Brandt to the group “\u2068Claims QA\u2069”",
    ),
    (
        event(
            Kind.GROUP_ROLE_ADDED,
            names={"object.label": "Claims QA"},
            object={"kind": "group", "ref": "group_role:3"},
            action_detail={"role": "qa_manager"},
        ),
        "Noa Levi gave the group “Claims QA” the role QA manager",
    ),
    (
        event(
            Kind.PROVISIONING_ALLOWED,
            names={"object.label": "Okta"},
            object={"kind": "token", "ref": "token:1"},
            action_detail={"scope": "users", "expires_at": "2027-03-01T22:00:00+00:00"},
        ),
        "Noa Levi created the provisioning token “Okta” · people · until 2027-03-01",
    ),
    (
        event(Kind.IDENTITY_LINKED, names={"object.label": "Tom Brandt"}, object=TOM),
        "Noa Levi linked the account of Tom Brandt with an identity of the identity provider",
    ),
    (
        event(Kind.SINGLE_SIGN_ON_REQUIRED, names={"object.label": "Tom Brandt"}, object=TOM),
        "Noa Levi had Tom Brandt sign in through single sign-on only",
    ),
    (
        event(Kind.SIGN_IN_FAILED, outcome="denied", action_detail={"reason": "sso_nonce"}),
        "Noa Levi failed to sign in · single sign-on: the token belongs to another sign-in",
    ),
    (
        event(Kind.PROVISIONING_REFUSED, outcome="denied", action_detail={"method": "GET", "status": 401}),
        "A provisioning request of Noa Levi was refused · status 401",
    ),
]


@pytest.mark.parametrize(("seen", "said"), SAID)
def test_an_event_reads_as(seen: Opened, said: str) -> None:
    assert plain_sentence(seen, ENGLISH) == said
