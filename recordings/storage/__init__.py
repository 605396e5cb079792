"""Find a recording's bytes: locate, presign them, probe them."""

from recordings.storage.answers import NextStep, ProbeResult, StorageOutcome
from recordings.storage.assembly import can_presign, learn_region, presign
from recordings.storage.credentials import key_ends_at
from recordings.storage.locations import Location, Style, check_bucket, has_two_readings, locate
from recordings.storage.presign import MAX_TTL_SECONDS, IssuedUrl
from recordings.storage.probe import RangeResult, digest, probe, read_range
from recordings.storage.refusals import NotPlayable, Reason
from recordings.storage.s3_urls import UrlKind, expiry_of, fingerprint, kind_of, strip_query, version_of

__all__ = [
    "MAX_TTL_SECONDS",
    "IssuedUrl",
    "Location",
    "NextStep",
    "NotPlayable",
    "ProbeResult",
    "RangeResult",
    "Reason",
    "StorageOutcome",
    "Style",
    "UrlKind",
    "can_presign",
    "check_bucket",
    "digest",
    "expiry_of",
    "fingerprint",
    "has_two_readings",
    "key_ends_at",
    "kind_of",
    "learn_region",
    "locate",
    "presign",
    "probe",
    "read_range",
    "strip_query",
    "version_of",
]
