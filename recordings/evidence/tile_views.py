"""The log as C2SP tlog-tiles has it, below /log/: for monitors that read it whole. Leaves hold no personal data."""

from django.db import connection
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Target
from recordings.audit.reading import log_reading
from recordings.evidence.errors import LogBroken
from recordings.evidence.trust import whole_note
from recordings.evidence.verdict import newest_witnessed
from recordings.http import Request
from recordings.models import Checkpoint, Cosignature
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.sealing.tree import Tree
from recordings.tlog.tiles import HEIGHT, WIDTH, TileError, parse_tile_path

# Signed in or not at all: no shared cache may keep it, the reader's own may for ever.
_IMMUTABLE = "private, max-age=31536000, immutable"


@require_safe
@permission_required(Permission.READ_TRAIL)
def log_checkpoint(request: Request) -> HttpResponse:
    """The checkpoint that is published: the newest that enough witnesses have seen, else the newest."""
    _log_reading(request)
    witnessed = newest_witnessed()
    found = Checkpoint.objects.order_by("-size")
    newest = (found.filter(size=witnessed.size) if witnessed else found).first()
    if newest is None:
        raise Http404
    note = whole_note(newest, Cosignature.objects.filter(size=newest.size))
    return HttpResponse(note, content_type="text/plain; charset=utf-8")


@require_safe
@permission_required(Permission.READ_TRAIL)
@gzip_page
def log_tile(request: Request, path: str) -> HttpResponse:
    """A tile or an entry bundle. Partial ones for the sizes of checkpoints only, as the specification has it."""
    try:
        level, position, width = parse_tile_path(path)
    except TileError:
        raise Http404 from None
    if not _is_published(level, position, width):
        raise Http404
    _log_reading(request)
    response = HttpResponse(_read(level, position, width), content_type="application/octet-stream")
    response.headers["Cache-Control"] = _IMMUTABLE
    response.is_of_the_log = True  # type: ignore[attr-defined]
    return response


def _log_reading(request: Request) -> None:
    log_reading(by=Actor.from_request(request), target=Target("log", "log:tiles"))


def _is_published(level: int, position: int, width: int) -> bool:
    """Whether a signed tree has this tile: a full one once it is covered, a partial one only at its own sizes."""
    unit = 1 << HEIGHT * max(level, 0)
    first = (position * WIDTH + width) * unit
    if first >= 2**63:
        return False
    if width == WIDTH:
        return (Checkpoint.objects.aggregate(most=Max("size"))["most"] or 0) >= first
    return Checkpoint.objects.filter(size__gte=first, size__lt=min(first + unit, 2**63 - 1)).exists()


def _read(level: int, position: int, width: int) -> bytes:
    try:
        with connection.cursor() as cursor:
            return Tree(cursor).tile(level, position, width)
    except TileError as missing:
        raise LogBroken from missing
