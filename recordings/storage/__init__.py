"""Find a recording's bytes: locate them on the allow-list, presign them, probe them."""

from recordings.storage.assembly import can_presign, presign
from recordings.storage.locations import Location, Style, check_bucket, locate
from recordings.storage.presign import IssuedUrl
from recordings.storage.probe import Outcome, ProbeResult, RangeResult, digest, probe, read_range
from recordings.storage.refusals import NotPlayable, Reason
from recordings.storage.s3_urls import UrlKind, expiry_of, fingerprint, kind_of, strip_query, version_of

__all__ = [
    "IssuedUrl",
    "Location",
    "NotPlayable",
    "Outcome",
    "ProbeResult",
    "RangeResult",
    "Reason",
    "Style",
    "UrlKind",
    "can_presign",
    "check_bucket",
    "digest",
    "expiry_of",
    "fingerprint",
    "kind_of",
    "locate",
    "presign",
    "probe",
    "read_range",
    "strip_query",
    "version_of",
]
