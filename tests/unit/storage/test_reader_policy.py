"""The documented policy for the portal's storage key permits what the portal does, and nothing else."""

import json
from pathlib import Path
from typing import Any

from recordings.storage import MAX_TTL_SECONDS
from recordings.storage.presign import MIN_TTL_SECONDS

POLICY = Path(__file__).resolve().parents[3] / "deploy" / "storage" / "reader-policy.json"


def statements(effect: str) -> list[dict[str, Any]]:
    document = json.loads(POLICY.read_text())
    assert document["Version"] == "2012-10-17"
    return [one for one in document["Statement"] if one["Effect"] == effect]


def test_it_allows_to_read_the_files_of_one_bucket_and_nothing_else() -> None:
    (allowed,) = statements("Allow")
    assert sorted(allowed["Action"]) == ["s3:GetObject", "s3:GetObjectVersion"]
    assert allowed["Resource"] == "arn:aws:s3:::acme-recordings/*"


def test_it_denies_old_signatures_and_plain_http_for_everything() -> None:
    denied = statements("Deny")
    assert all((one["Action"], one["Resource"]) == ("s3:*", "*") for one in denied)
    conditions = [one["Condition"] for one in denied]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"NumericGreaterThan": {"s3:signatureAge": str(MAX_TTL_SECONDS * 1000)}} in conditions


def test_no_url_that_the_portal_signs_is_denied() -> None:
    (age,) = [one["Condition"] for one in statements("Deny") if "NumericGreaterThan" in one["Condition"]]
    limit = int(age["NumericGreaterThan"]["s3:signatureAge"]) // 1000
    assert MIN_TTL_SECONDS <= MAX_TTL_SECONDS <= limit
