"""Every kind of event reads as a sentence, whatever stands in it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.audit.kinds import Kind
from recordings.audit.opened import Opened
from recordings.audit.vault import Disclosed
from recordings.trail.compose import ENGLISH, Part
from recordings.trail.sentences import PRESENTERS, plain_sentence, sentence, tone

EVENT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
RECORDING = "recording:01890a5d-ac96-774b-bcce-b3029f2c1a2b"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(
    kind: str, *, names: dict[str, str] | None = None, outcome: str = "completed", **parts: Any
) -> Opened:
    actor = {"ref": "user:7", "kind": "person", "name": "0" * 64}
    body = {"type": kind, "outcome": outcome, "actor": actor, **parts}
    values = {"actor.name": "Noa Levi", **(names or {})}
    return Opened(body, {name: Disclosed(value, b"salt") for name, value in values.items()})


def recording(**parts: Any) -> dict[str, Any]:
    return {"object": {"kind": "recording", "ref": RECORDING, "parent": "object:1407374990000101"}, **parts}


API_KEY = {"setting": "commbox_api_key", "ends_in": "xyz9"}
SAID = [
    (event(Kind.SIGNED_IN), "Noa Levi signed in"),
    (
        event(
            Kind.ROLE_GRANTED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
            action_detail={
                "role": "qa_manager",
                "starts_at": "2026-12-01T22:00:00+00:00",
                "until": "2026-12-31T22:00:00+00:00",
            },
        ),
        "Noa Levi granted Tom Brandt the role QA manager · from 2026-12-01 · until 2026-12-31",
    ),
    (
        event(
            Kind.PERSON_DEACTIVATED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
        ),
        "Noa Levi deactivated the account of Tom Brandt",
    ),
    (
        event(
            Kind.INVITATION_MAILED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
        ),
        "Noa Levi sent Tom Brandt a mail with a link to choose a password",
    ),
    (
        event(
            Kind.INVITATION_MAILED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
            outcome="error",
            action_detail={"reason": "recipient"},
        ),
        "Noa Levi could not send Tom Brandt a mail with a link to choose a password"
        " · the mail server refused the recipient",
    ),
    (
        event(Kind.PEOPLE_EXPORTED, action_detail={"people": 1, "role": "qa_manager"}),
        "Noa Levi exported the list of people · 1 person",
    ),
    (
        event(Kind.INVITATION_REFUSED, action_detail={"reason": "used"}),
        "Noa Levi opened a link to choose a password that cannot be used · it had been used",
    ),
    (
        event(Kind.CONFIG_CHANGED, change={"before": {}, "after": API_KEY}),
        "Noa Levi added the CommBox API key ending in xyz9",
    ),
    (
        event(Kind.CONFIG_CHANGED, change={"before": API_KEY, "after": {}}),
        "Noa Levi retired the CommBox API key ending in xyz9",
    ),
    (
        event(
            Kind.CONFIG_CHANGED,
            outcome="denied",
            action_detail={"setting": "commbox_api_key", "reason": "CommBox does not accept the API key."},
        ),
        "Noa Levi entered a CommBox API key that was refused · CommBox does not accept the API key",
    ),
    (
        event(
            Kind.CONFIG_CHANGED,
            change={
                "before": {"setting": "key_encryption_key", "key_id": "1a"},
                "after": {"setting": "key_encryption_key", "key_id": "2b"},
            },
            action_detail={"keys": 2},
        ),
        "Noa Levi re-encrypted the API keys under key 2b instead of key 1a · 2 API keys",
    ),
    (
        event(Kind.PHONE_SHOWN, object={"kind": "object", "ref": "object:7"}),
        "Noa Levi viewed the customer's phone number of object 7",
    ),
    (
        event(Kind.SIGNED_OUT, action_detail={"happened_at": "2026-11-30T14:02:07Z"}),
        "Noa Levi signed out · at 14:02 UTC, recorded later because the audit trail was unavailable",
    ),
    (
        event(Kind.ACCESS_DENIED, action_detail={"more": 206, "minute": "2026-11-30T14:02:00Z"}),
        "Noa Levi was refused access 206 more times · in the minute from 14:02 UTC",
    ),
    (
        event(
            Kind.SCORECARD_IMPORTED,
            object={"kind": "scorecard", "ref": RECORDING.replace("recording", "scorecard")},
            action_detail={"version": 1, "from": "amazon-connect", "not_carried": 2},
        ),
        "Noa Levi imported scorecard 9F2C1A2B from a form of Amazon Connect · version 1 · 2 parts not carried over",
    ),
    (
        event(
            Kind.SCORECARD_ACTIVATED,
            names={"object.label": "Service"},
            object={"kind": "scorecard", "ref": RECORDING.replace("recording", "scorecard")},
            action_detail={"version": 2, "questions": 12, "hash": "sha256:0"},
        ),
        "Noa Levi activated scorecard 9F2C1A2B · “\u2068Service\u2069” · version 2 · 12 questions",
    ),
    (
        event(
            Kind.SCORECARD_RETIRED,
            object={"kind": "scorecard", "ref": RECORDING.replace("recording", "scorecard")},
            action_detail={"version": 1, "replaced_by": 2},
        ),
        "Noa Levi retired scorecard 9F2C1A2B · version 1 · replaced by version 2",
    ),
    (
        event(
            Kind.CALIBRATION_CREATED,
            names={"object.label": "Service"},
            object={"kind": "calibration", "ref": RECORDING.replace("recording", "calibration")},
            action_detail={"version": 2, "participants": 3, "recordings": 1},
        ),
        "Noa Levi created calibration 9F2C1A2B · “\u2068Service\u2069” · version 2 · 3 participants · 1 recording",
    ),
    (
        event(
            Kind.CALIBRATION_OPENED,
            object={"kind": "calibration", "ref": RECORDING.replace("recording", "calibration")},
        ),
        "Noa Levi compared the answers in calibration 9F2C1A2B",
    ),
    (
        event(
            Kind.CALIBRATION_CLOSED,
            object={"kind": "calibration", "ref": RECORDING.replace("recording", "calibration")},
            action_detail={"missing": 1},
        ),
        "Noa Levi closed scoring in calibration 9F2C1A2B · 1 evaluation missing",
    ),
    (
        event(
            Kind.CALIBRATION_COMMENTED,
            names={"action_detail.comment": "She did greet"},
            **recording(action_detail={"question": "greeting"}),
        ),
        "Noa Levi commented on recording 9F2C1A2B in a calibration · “\u2068She did greet\u2069”",
    ),
    (
        event(
            Kind.CALIBRATION_AGREED,
            names={"action_detail.reason": "misheard"},
            **recording(action_detail={"score": "60.00", "score_before": "50.00", "calibration": "x"}),
        ),
        "Noa Levi recorded the agreed card of recording 9F2C1A2B · score 50.00 → 60.00 · “\u2068misheard\u2069”",
    ),
    (
        event(Kind.EVALUATION_STARTED, **recording(action_detail={"calibration": "x"})),
        "Noa Levi began to evaluate recording 9F2C1A2B · in a calibration",
    ),
    (
        event(
            Kind.PLAN_CHANGED,
            names={"object.label": "Weekly"},
            object={"kind": "plan", "ref": RECORDING.replace("recording", "plan")},
        ),
        "Noa Levi changed sampling plan 9F2C1A2B · “\u2068Weekly\u2069”",
    ),
    (
        event(
            Kind.SAMPLE_FROZEN,
            names={"action_detail.reason": "wrong team"},
            object={"kind": "sample", "ref": RECORDING.replace("recording", "sample")},
            action_detail={"lines": 12, "draw": 2, "population_hash": "ab" * 32},
        ),
        "Noa Levi froze the population of sample 9F2C1A2B · 12 recordings · draw 2 of this plan and period"
        " · “\u2068wrong team\u2069” · SHA-256 abababababab…",
    ),
    (
        event(
            Kind.SAMPLE_DRAWN,
            object={"kind": "sample", "ref": RECORDING.replace("recording", "sample")},
            action_detail={"picks": 1, "checkpoint_size": 4711, "self_drawn": "yes"},
        ),
        "Noa Levi drew sample 9F2C1A2B · 1 pick · seed from checkpoint 4,711 · self-drawn",
    ),
    (
        event(Kind.SAMPLE_SKIPPED, **recording(action_detail={"code": "evaluated"})),
        "Noa Levi skipped recording 9F2C1A2B in a sample · it had been evaluated",
    ),
    (
        event(
            Kind.ASSIGNMENT_MADE,
            **recording(
                action_detail={"scorer": "user:8", "instead_of": "user:9", "due": "2026-12-07T21:59Z"}
            ),
        ),
        "Noa Levi assigned the evaluation of recording 9F2C1A2B to person 8 · instead of person 9"
        " · due 2026-12-07",
    ),
    (
        event(Kind.ASSIGNMENT_ENDED, **recording(action_detail={"scorer": "user:8"})),
        "Noa Levi took the evaluation of recording 9F2C1A2B from person 8",
    ),
    (
        event(
            Kind.EVALUATION_SUBMITTED,
            **recording(action_detail={"score": "60.00", "watched_percent": 12, "version": 1}),
        ),
        "Noa Levi evaluated recording 9F2C1A2B · score 60.00 · 12 % watched",
    ),
    (
        event(
            Kind.EVALUATION_CHANGED,
            names={"action_detail.reason": "Muted music"},
            **recording(action_detail={"score": "93.33", "score_before": "60.00", "reason": "0" * 64}),
        ),
        "Noa Levi changed the evaluation of recording 9F2C1A2B · score 60.00 → 93.33"
        " · “\u2068Muted music\u2069”",
    ),
    (
        event(
            Kind.NUMBERS_OPENED,
            action_detail={
                "area": "agents",
                "filters": {
                    "since": "2026-11-01",
                    "until": "2026-11-30",
                    "zone": "Asia/Jerusalem",
                    "team": 7,
                    "agent": 5,
                },
            },
        ),
        "Noa Levi viewed the numbers of agents · agent 5 · team 7 · from 1 November 2026 to 30 November 2026"
        " · time zone Asia/Jerusalem",
    ),
    (
        event(Kind.EVALUATION_RELEASED, **recording(action_detail={"score": "60.00", "number": 1})),
        "Noa Levi released the evaluation of recording 9F2C1A2B to the agent · score 60.00",
    ),
    (
        event(
            Kind.EVALUATION_SIGNED,
            names={"action_detail.reason": "The agent left"},
            **recording(action_detail={"score": "60.00", "signed_by": "supervisor", "reason": "0" * 64}),
        ),
        "Noa Levi signed the evaluation of recording 9F2C1A2B for the agent · score 60.00"
        " · “\u2068The agent left\u2069”",
    ),
    (
        event(Kind.DISPUTE_OPENED, **recording(action_detail={"question": "hold", "disputed_by": "agent"})),
        "Noa Levi disputed an answer in the evaluation of recording 9F2C1A2B · question “hold”",
    ),
    (
        event(
            Kind.DISPUTE_DECIDED,
            **recording(
                action_detail={
                    "question": "hold",
                    "outcome": "changed",
                    "score_before": "0.00",
                    "score": "93.33",
                }
            ),
        ),
        "Noa Levi decided a dispute about recording 9F2C1A2B and changed the answer · question “hold”"
        " · score 0.00 → 93.33",
    ),
    (event(Kind.SUPERVISION_OPENED), "Noa Levi viewed the queue of supervision"),
    (
        event(
            Kind.SUPERVISION_QUEUED,
            names={"action_detail.reason": "Complaint"},
            **recording(
                action_detail={"source": "hand", "due_at": "2026-12-10T09:00:00Z", "reason": "0" * 64}
            ),
        ),
        "Noa Levi put recording 9F2C1A2B into the queue of supervision · Added by hand"
        " · “\u2068Complaint\u2069” · due 2026-12-10",
    ),
    (
        event(
            Kind.SUPERVISION_DISPOSED,
            names={"action_detail.note": "Ask Tom"},
            **recording(
                action_detail={
                    "disposition": "escalated",
                    "reason": "conflict",
                    "holder": "user:8",
                    "from_ms": 83_000,
                    "to_ms": 85_000,
                    "watched_percent": 12,
                    "note": "0" * 64,
                }
            ),
        ),
        "Noa Levi escalated recording 9F2C1A2B · Conflict of interest · person 8 decides next"
        " · at 1:23–1:25 · 12 % watched · “\u2068Ask Tom\u2069”",
    ),
    (
        event(
            Kind.SUPERVISION_FROZEN,
            action_detail={
                "since": "2026-11-01",
                "until": "2026-11-30",
                "units": 40,
                "share": 10,
                "draw_number": 2,
            },
        ),
        "Noa Levi froze the closed items of supervision for spot checks · 2026-11-01 to 2026-11-30"
        " · 40 items · 10 % to draw · draw 2 of this period",
    ),
    (
        event(Kind.SUPERVISION_DRAWN, action_detail={"picks": 4, "self_drawn": "yes"}),
        "Noa Levi drew items of supervision for spot checks · 4 items"
        " · self-drawn: no outside witness gave the seed",
    ),
    (
        event(
            Kind.SUPERVISION_CHECKED, **recording(action_detail={"verdict": "agrees", "watched_percent": 40})
        ),
        "Noa Levi agreed in a spot check of recording 9F2C1A2B · 40 % watched",
    ),
    (
        event(
            Kind.SUPERVISION_REMINDED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
            action_detail={"due": 3, "overdue": 1},
        ),
        "Noa Levi reminded Tom Brandt of recordings to supervise · 3 to decide · 1 overdue",
    ),
    (
        event(
            Kind.COACHING_OPENED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
            action_detail={
                "evaluations": ["1"],
                "moments": ["1", "2"],
                "due_at": "2026-12-01T00:00:00+00:00",
            },
        ),
        "Noa Levi opened a coaching session for Tom Brandt · 1 evaluation · 2 moments"
        " · due before 2026-12-01 00:00 UTC",
    ),
    (
        event(Kind.COACHING_ACKNOWLEDGED, names={"action_detail.comment": "I will"}),
        "Noa Levi acknowledged a coaching session · “\u2068I will\u2069”",
    ),
    (
        event(
            Kind.EXEMPLAR_ADDED,
            names={"action_detail.title": "A good check"},
            **recording(action_detail={"basis": "consent", "expires_at": "2027-01-01T00:00:00+00:00"}),
        ),
        "Noa Levi added recording 9F2C1A2B to the training library · “\u2068A good check\u2069”"
        " · consent of the customer · expires 2027-01-01 00:00 UTC",
    ),
    (
        event(Kind.EXEMPLAR_WITHDRAWN, **recording(action_detail={"why": "dispute"})),
        "Noa Levi withdrew recording 9F2C1A2B from the training library"
        " · an evaluation of the recording is disputed",
    ),
    (
        event(
            Kind.TRAINING_ATTEMPTED,
            action_detail={"passed": "no", "number": 2, "score": "50.00", "watched_percent": 91},
        ),
        "Noa Levi did not pass the quiz of an assigned viewing · attempt 2 · score 50.00 · 91 % watched",
    ),
    (event(Kind.CONFIRMATION_FAILED), "Noa Levi entered a wrong password to confirm an action"),
    (
        event(
            Kind.ACCOUNT_LOCKED,
            names={"object.label": "tom.brandt"},
            object={"kind": "person", "ref": "user:8"},
            action_detail={"seconds": 300},
        ),
        "Noa Levi failed to sign in too often as tom.brandt · next attempt after 300 seconds",
    ),
    (
        event(
            Kind.ACCOUNT_UNLOCKED,
            names={"object.label": "tom.brandt"},
            object={"kind": "person", "ref": "user:8"},
        ),
        "Noa Levi allowed tom.brandt to sign in again immediately",
    ),
    (
        event(Kind.SIGN_IN_FAILED, names={"object.label": "noa"}),
        "Noa Levi failed to sign in as “\u2068noa\u2069”",
    ),
    (
        event(
            Kind.ROLE_GRANTED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
            action_detail={"role": "qa_manager"},
        ),
        "Noa Levi granted Tom Brandt the role QA manager",
    ),
    (
        event(Kind.ACCESS_DENIED, object={"kind": "page", "ref": "/audit/"}, authz={"rule": "read_trail"}),
        "Noa Levi was refused access to page /audit/ · no permission to read the audit trail",
    ),
    (
        event(Kind.OBJECT_OPENED, object={"kind": "object", "ref": "object:1407374990000101"}),
        "Noa Levi opened object 1407374990000101",
    ),
    (
        event(Kind.VIEWING_REQUESTED, **recording(purpose={"code": "compliance"})),
        "Noa Levi requested to watch recording 9F2C1A2B",
    ),
    (
        event(Kind.URL_ISSUED, **recording(action_detail={"ttl_seconds": 90})),
        "Noa Levi was issued a URL · valid for 90 seconds",
    ),
    (
        event(Kind.DOWNLOAD_REQUESTED, **recording(purpose={"code": "dispute"})),
        "Noa Levi requested to download recording 9F2C1A2B",
    ),
    (
        event(Kind.DOWNLOAD_ISSUED, **recording(action_detail={"ttl_seconds": 90})),
        "Noa Levi was issued a download of recording 9F2C1A2B · valid for 90 seconds",
    ),
    (
        event(
            Kind.DOWNLOAD_REFUSED, outcome="denied", **recording(action_detail={"sentence": "No such file."})
        ),
        "Noa Levi was refused a download of recording 9F2C1A2B · No such file",
    ),
    (
        event(Kind.WATCHED, **recording(action_detail={"spans": [[0, 190_000]], "rate_percent": 150})),
        "Noa Levi watched 0:00–3:10 · at 1.5× speed",
    ),
    (
        event(Kind.WATCHED, **recording(action_detail={"spans": [[0, 190_000], [282_000, 330_999]]})),
        "Noa Levi watched 0:00–3:10, 4:42–5:30",
    ),
    (
        event(Kind.WATCH_EXCESS, **recording(action_detail={"refused_ms": 365_000})),
        "The player of Noa Levi reported 6:05 more watched time than can have passed · not counted",
    ),
    (
        event(
            Kind.RECORDING_CHANGED,
            actor={"ref": "system:refresh", "kind": "system"},
            **recording(
                change={"before": {"file_size_bytes": 104857600}, "after": {"file_size_bytes": 52428800}}
            ),
        ),
        "The portal found recording 9F2C1A2B changed at source · size in bytes: 104,857,600 → 52,428,800",
    ),
    (
        event(Kind.TRAIL_SEARCHED, action_detail={"filters": {"since": "2026-11-01", "groups": ["viewing"]}}),
        "Noa Levi searched the audit trail · events: Watching and downloading · from 1 November 2026",
    ),
    (
        event(
            Kind.REPORT_BUILT,
            object={"kind": "report", "ref": "report:01890a5d-ac96-774b-bcce-b302099a8057"},
            action_detail={"rows": 1, "size_bytes": 1234},
        ),
        "Noa Levi built report 099A8057 · 1 event · 1,234 bytes",
    ),
    (
        event(Kind.TRAIL_VERIFIED, action_detail={"leaves": 18_140, "duration_ms": 2_140}),
        "Noa Levi verified the whole log · 18,140 leaves · took 2.1 s",
    ),
    (
        event(Kind.TRAIL_VERIFIED, outcome="error", action_detail={"reason": "leaf 12 is not what it was"}),
        "Noa Levi verified the whole log and found a problem · leaf 12 is not what it was",
    ),
    (
        event(Kind.PROOF_TAKEN, object={"kind": "event", "ref": f"event:{EVENT}"}),
        "Noa Levi downloaded the proof of event 099A8057",
    ),
    (
        event(
            Kind.PROOF_TAKEN,
            object={"kind": "checkpoint", "ref": "checkpoint:18207"},
            action_detail={"old_size": 4096},
        ),
        "Noa Levi downloaded the consistency proof from size 4,096 to checkpoint 18,207",
    ),
    (
        event(
            Kind.BUNDLE_CHECKED,
            action_detail={"sha256": "0123456789abcdef" * 4, "verdict": "WITNESSED by Internal Audit"},
        ),
        "Noa Levi checked a bundle · WITNESSED by Internal Audit · SHA-256 0123456789ab…",
    ),
    (
        event(Kind.CHECKPOINT_COMPARED, action_detail={"size": 18_207, "verdict": "same_log"}),
        "Noa Levi compared a checkpoint of size 18,207 with the log · same log",
    ),
    (
        event(Kind.TRAIL_VIEWED, object={"kind": "log", "ref": "log:checkpoints"}),
        "Noa Levi read the log's checkpoints",
    ),
    (
        event(
            Kind.SUBJECT_ERASURE_ASKED,
            names={"object.label": "Tom Brandt"},
            object={"kind": "person", "ref": "user:8"},
        ),
        "Noa Levi requested the erasure of the personal values of Tom Brandt",
    ),
    (
        event(
            Kind.SUBJECT_ERASED,
            object={"kind": "person", "ref": "user:8"},
            action_detail={"values": 14},
        ),
        "Noa Levi erased the personal values of person 8 · 14 values",
    ),
    (
        event(Kind.LOG_OPENED, actor={"ref": "system:sealer"}, action_detail={"origin": "example.com/log"}),
        "The portal opened the log · example.com/log",
    ),
    (
        event(
            Kind.LOG_OPENED,
            actor={"ref": "system:sealer"},
            action_detail={"origin": "example.com/log/2", "previous_size": 9, "reason": "a lost disk"},
        ),
        "The portal started a new epoch of the log · example.com/log/2 · a lost disk",
    ),
    (
        event(
            Kind.HEADS_MANIFEST,
            actor={"ref": "system:sealer"},
            action_detail={"upto": 18_207, "objects_n": 1, "actors_n": 7},
        ),
        "The portal counted all events in the log · 1 object or recording · 7 actors · up to leaf 18,207",
    ),
    (
        event(Kind.SEALER_INCIDENT, actor={"ref": "system:sealer"}, action_detail={"code": "body_hash"}),
        "The portal reported an incident · body hash",
    ),
    (
        event(Kind.KEY_ROTATED, actor={"ref": "system:sealer"}, action_detail={"vkey": "log+1+AA"}),
        "The portal changed the key that signs the log · new key log+1+AA",
    ),
    (
        event(Kind.BACKUP_RESTORED, actor={"ref": "system:sealer"}, action_detail={"reason": "failed over"}),
        "The portal restored the log from a backup or a copy · failed over",
    ),
    (event("hold.placed", **recording()), "Noa Levi: event of type “hold: placed” on recording 9F2C1A2B"),
]


@pytest.mark.parametrize(("seen", "said"), SAID, ids=[said for _, said in SAID])
def test_an_event_reads_as_a_sentence(seen: Opened, said: str) -> None:
    assert plain_sentence(seen) == said


def test_every_kind_has_a_presenter_of_its_own() -> None:
    assert set(PRESENTERS) == {kind.value for kind in Kind}


@pytest.mark.parametrize("kind", [*Kind, "future.kind_of_event"])
def test_a_bare_event_of_any_kind_reads_sensibly(kind: str) -> None:
    """Details may be missing in events of other versions: no gap, no code, no placeholder shows."""
    for seen in (event(kind), event(kind, **recording())):
        said = plain_sentence(seen)
        assert "Noa Levi" in said
        assert not any(wrong in said for wrong in ("None", "{", "%(", "  ", "( )", "_", "· ·"))
        assert not said.endswith((" ", ":", ",", "·"))


def test_what_was_erased_reads_erased() -> None:
    seen = event(Kind.SEARCHED, action_detail={"q": "0" * 64})
    gone = Opened(seen.body, {"actor.name": None, "action_detail.q": None})
    assert plain_sentence(gone) == "erased searched objects · words “\u2068erased\u2069”"


def test_a_value_whose_secret_row_is_gone_reads_erased() -> None:
    seen = event(Kind.SIGNED_IN)
    assert Opened(seen.body, {}).actor_name == "erased"


def test_what_a_sentence_names_can_be_linked() -> None:
    seen = event(Kind.OBJECT_OPENED, object={"kind": "object", "ref": "object:1407374990000101"})
    assert sentence(seen, ENGLISH) == (
        Part("Noa Levi", "user:7", is_value=True, is_actor=True),
        Part(" opened "),
        Part("object 1407374990000101", "object:1407374990000101", is_value=True),
    )


def test_nobody_and_the_system_have_names() -> None:
    assert event(Kind.SIGN_IN_FAILED, actor={"ref": "anonymous"}).actor_name == "Someone not signed in"
    assert event(Kind.RECORDING_VANISHED, actor={"ref": "system:refresh"}).actor_name == "The portal"


def test_the_tone_says_where_to_look() -> None:
    assert tone(Kind.ACCESS_DENIED, "denied") == "bad"
    assert tone(Kind.URL_REFUSED, "error") == "bad"
    assert tone(Kind.RECORDING_CHANGED, "completed") == "warn"
    assert tone(Kind.SEALER_INCIDENT, "completed") == "bad"
    assert tone(Kind.SUBJECT_ERASED, "completed") == "warn"
    assert tone(Kind.TRAIL_VERIFIED, "completed") == "ok"
    assert tone(Kind.REPORT_BUILT, "completed") == "ok"
    assert tone(Kind.WATCHED, "completed") == "info"


json_values = st.recursive(
    st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
details = st.dictionaries(
    st.sampled_from(
        [
            "spans",
            "rate_percent",
            "ttl_seconds",
            "size_bytes",
            "filters",
            "found",
            "reason",
            "rows",
            "first_byte",
            "role",
            "q",
            "format",
            "area",
            "leaves",
            "duration_ms",
            "old_size",
            "sha256",
            "verdict",
            "size",
            "values",
            "origin",
            "previous_size",
            "upto",
            "objects_n",
            "actors_n",
            "code",
            "vkey",
        ]
    ),
    json_values,
)


@given(
    kind=st.sampled_from([*(kind.value for kind in Kind), "future.kind"]),
    detail=details,
    change=st.fixed_dictionaries({}, optional={"before": json_values, "after": json_values}),
)
def test_no_detail_breaks_a_sentence(kind: str, detail: dict[str, Any], change: dict[str, Any]) -> None:
    """The trail may hold events of a newer version, whose details mean something else."""
    said = plain_sentence(event(kind, **recording(action_detail=detail, change=change)))
    assert "Noa Levi" in said
    assert "details do not fit" not in said
