"""Whatever is typed into an address or a form, the answer is no error of ours."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.accounts import roles
from recordings.permissions import Permission
from recordings.refresh import tasks
from tests.authz_matrix.urls import address
from tests.factories import conversation, person, recording
from tests.integration.portal.test_rights import DOORS
from tests.thorough import examples

# Names that forms and lists read, and some that Django's own machinery would.
_NAMES = """
q since until period shortest longest state status type agent stream before after list further group outcome purpose
note person report format kind by channel day all only month object_ids key name role end text file checkpoint spans
speed position_ms username password next page id pk __class__ actor__name _state
"""
_HOSTILE = """
١٢٣ １２３ 1_000 -1 0 1e309 NaN Infinity 9223372036854775808 99999999999999999999999 True null [] {} ' " % %00 %s {0} {{
<script> ../../ 0001-01-01 9999-12-31 2026-02-30 2026-11-30T25:61 24:00 10000-01-01 user:1 recording:x object:1
V-1A2B3C4D
"""
NAMES, HOSTILE = _NAMES.split(), [*_HOSTILE.split(), "\x00", "\\", "", " ", "\u202e", "\u2028", "\ud800"]
value = st.sampled_from(HOSTILE) | st.text(st.characters(codec=None), max_size=30) | st.integers().map(str)
fields = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=10), st.lists(value, max_size=3), max_size=6
)
pytestmark = pytest.mark.slow
NEVER_CALLED = {"account_logout", "account_login"}  # the session would end; sign-in has its own tests


@pytest.fixture
def anybody(db: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Somebody with every right; nothing is asked of CommBox meanwhile."""
    everything = roles.Role("everything", "Everything", "", frozenset(Permission))
    monkeypatch.setitem(roles.ROLES, "everything", everything)
    monkeypatch.setattr(tasks.refresh_one, "apply_async", lambda *_, **__: None)
    recording(conversation(customer_name="Dana Marlowe"))
    client = Client(raise_request_exception=False)
    client.force_login(person("everything"))
    return client


@pytest.mark.parametrize("name", sorted(DOORS.keys() - NEVER_CALLED))
@settings(
    max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given_fields=fields, method=st.sampled_from(["get", "post"]), htmx=st.booleans())
def test_no_input_is_an_error_of_ours(
    anybody: Client, name: str, given_fields: dict[str, list[str]], method: str, htmx: bool
) -> None:
    headers: Any = {"HX-Request": "true"} if htmx else {}
    data = {
        field.encode("utf-8", "replace").decode(): [
            each.encode("utf-8", "replace").decode() for each in values
        ]
        for field, values in given_fields.items()
    }
    response = getattr(anybody, method)(address(DOORS[name][0]), data, headers=headers)
    assert response.status_code < 500 or response.status_code == 503, (name, data)


@pytest.mark.parametrize("name", ["playback:watched", "playback:finish", "playback:problem", "csp_reports"])
@settings(
    max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["spans", "speed", "position_ms", "kind", "csp-report"]), inner)
        ),
        max_leaves=12,
    )
)
def test_no_json_is_an_error_of_ours(anybody: Client, name: str, document: Any) -> None:
    response = anybody.post(address(DOORS[name][0]), document, content_type="application/json")
    assert response.status_code < 500
