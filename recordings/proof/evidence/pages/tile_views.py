"""Serve the log as C2SP tlog-tiles below /log/, for monitors.

With AUDIT_LOG_PUBLIC the checkpoint and the hash tiles are public: shared caches may keep them, and reading them is not
logged. Entries always require READ_TRAIL: with the tag key, which every bundle contains, they show what happened to a
person or an object whose reference is known.
"""

import time

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Target, client_address
from recordings.audit.reading import log_reading
from recordings.counter import CannotCount, count_up
from recordings.db import BIGGEST_ID
from recordings.http import Request
from recordings.models import Checkpoint, Cosignature
from recordings.permissions import Permission
from recordings.policies import check_no_scope, permission_required
from recordings.proof.evidence.errors import LogBroken
from recordings.proof.evidence.pages.log_status import newest_witnessed
from recordings.proof.evidence.trust import whole_note
from recordings.proof.sealing.tree import Tree
from recordings.tlog.tiles import ENTRIES, HEIGHT, WIDTH, TileError, parse_tile_path

# At this rate a log of a million leaves is read in four minutes.
READS_A_MINUTE = 1200
_IMMUTABLE = "max-age=31536000, immutable"
_SHORT = "max-age=5"


def is_public() -> bool:
    """Return whether the checkpoint and the hash tiles are public."""
    return bool(settings.AUDIT_LOG_PUBLIC)


@require_safe
@permission_required(Permission.READ_TRAIL, open_when=is_public)
def log_checkpoint(request: Request) -> HttpResponse:
    """Return the newest checkpoint that meets the quorum, else the newest."""
    if refusal := _log_or_refuse(request):
        return refusal
    witnessed = newest_witnessed()
    checkpoints = Checkpoint.objects.order_by("-size")
    newest = (checkpoints.filter(size=witnessed.size) if witnessed else checkpoints).first()
    if newest is None:
        raise Http404
    note = whole_note(newest, Cosignature.objects.filter(size=newest.size))
    response = HttpResponse(note, content_type="text/plain; charset=utf-8")
    return _for_everyone(response, _SHORT) if is_public() else response


@require_safe
@permission_required(Permission.READ_TRAIL, open_when=is_public)
def log_tile(request: Request, path: str) -> HttpResponse:
    """Return a hash tile. Partial tiles exist only for the sizes of checkpoints (C2SP tlog-tiles)."""
    tile = _published_tile(path)
    if tile[0] == ENTRIES:
        raise Http404
    if refusal := _log_or_refuse(request):
        return refusal
    response = HttpResponse(_read(*tile), content_type="application/octet-stream")
    return _for_everyone(response, _IMMUTABLE) if is_public() else _for_reader(response)


@require_safe
@permission_required(Permission.READ_TRAIL)
@gzip_page
def log_entries(request: Request, path: str) -> HttpResponse:
    """Return an entry bundle. It is never public, and a range of entries cannot be limited to a scope."""
    check_no_scope(request, Permission.READ_TRAIL)
    tile = _published_tile(f"entries/{path}")
    _log_reading(request)
    return _for_reader(HttpResponse(_read(*tile), content_type="application/octet-stream"))


def _log_or_refuse(request: Request) -> HttpResponse | None:
    """Log the read, or count it for its address when the log is public. Returns a 429 above READS_A_MINUTE."""
    if not is_public():
        _log_reading(request)
        return None
    minute, second = divmod(int(time.time()), 60)
    try:
        reads = count_up(f"log-reads:{minute}:{client_address(request)}", 120)
    except CannotCount:
        return None  # the limit protects from load only, so what is public is served without it
    if reads <= READS_A_MINUTE:
        return None
    response = HttpResponse("Too many reads from this address. Try again in a minute.\n", "text/plain", 429)
    response.headers["Retry-After"] = str(60 - second)
    return response


def _log_reading(request: Request) -> None:
    log_reading(by=Actor.from_request(request), target=Target("log", "log:tiles"))


def _for_everyone(response: HttpResponse, caching: str) -> HttpResponse:
    """Allow shared caches and other origins."""
    response.headers["Cache-Control"] = f"public, {caching}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.is_public = True  # type: ignore[attr-defined]
    return response


def _for_reader(response: HttpResponse) -> HttpResponse:
    """Allow only the reader's own cache, without expiry."""
    response.headers["Cache-Control"] = f"private, {_IMMUTABLE}"
    response.keeps_cache_header = True  # type: ignore[attr-defined]
    return response


def _published_tile(path: str) -> tuple[int, int, int]:
    """Return level, position and width of the tile at a path. Raises Http404 when no signed tree contains it."""
    try:
        tile = parse_tile_path(path)
    except TileError:
        raise Http404 from None
    if not _is_published(*tile):
        raise Http404
    return tile


def _is_published(level: int, position: int, width: int) -> bool:
    """Return whether a signed tree contains the tile: a full one once covered, a partial one only at its size."""
    unit = 1 << HEIGHT * max(level, 0)
    first = (position * WIDTH + width) * unit
    if first > BIGGEST_ID:
        return False
    if width == WIDTH:
        return (Checkpoint.objects.aggregate(most=Max("size"))["most"] or 0) >= first
    return Checkpoint.objects.filter(size__gte=first, size__lt=min(first + unit, BIGGEST_ID)).exists()


def _read(level: int, position: int, width: int) -> bytes:
    try:
        with connection.cursor() as cursor:
            return Tree(cursor).tile(level, position, width)
    except TileError as missing:
        raise LogBroken from missing
