"""Which witnesses count for the quorum, and how often each is sent checkpoints."""

from datetime import timedelta
from typing import Any

import pytest

from recordings.proof.anchors.pace import COUNTED, OTHERS, pace_of, quorum_of
from recordings.tlog.notes import WITNESS, SigningKey
from recordings.tlog.policy import Policy

NAMES = ("internal", "auditor", "public1", "public2")
WITNESSES = "".join(
    f"witness {name} {SigningKey.generate(f'{name}.example', WITNESS).vkey}\n" for name in NAMES
)


@pytest.mark.parametrize(
    ("quorum", "counted"),
    [
        ("quorum none", set()),
        ("quorum internal", {"internal"}),
        ("group ours all internal auditor\nquorum ours", {"internal", "auditor"}),
        (
            "group anyone any public1 public2\ngroup both all internal anyone\nquorum both",
            {*NAMES} - {"auditor"},
        ),
        ("group unused any public1\ngroup ours 1 internal auditor\nquorum ours", {"internal", "auditor"}),
    ],
)
def test_witnesses_that_count_for_the_quorum(quorum: str, counted: set[str], settings: Any) -> None:
    policy = Policy.parse(f"{WITNESSES}{quorum}\n")
    assert quorum_of(policy) == counted
    settings.AUDIT_WITNESS_PACE = {}
    frequent = {name for name in NAMES if pace_of(policy, name) == COUNTED}
    assert frequent == (counted or {*NAMES})
    assert {pace_of(policy, name) for name in NAMES} <= {COUNTED, OTHERS}


def test_a_setting_overrides_the_pace(settings: Any) -> None:
    settings.AUDIT_WITNESS_PACE = {"internal": timedelta(minutes=2), "public1": timedelta(seconds=10)}
    policy = Policy.parse(f"{WITNESSES}quorum internal\n")
    assert [pace_of(policy, name).total_seconds() for name in NAMES] == [120, 3600, 10, 3600]
