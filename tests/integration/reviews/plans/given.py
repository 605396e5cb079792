"""What the tests of plans have in common: a week, and a seed from a checkpoint that two witnesses cosigned."""

from collections.abc import Callable
from datetime import UTC, datetime

from recordings.models import SamplingPlan
from recordings.reviews.plans.checkpoints import Seed
from recordings.reviews.plans.periods import Span

LINES = [
    "— w1.example AAAAAGkrPsI1k5OxUZyyBPqYnPyZR0mMRRhBBc0hEmKz9bV5y4eP\n".encode(),
    "— w2.example AAAAAGkrPsK3k5OxUZyyBPqYnPyZR0mMRRhBBc0hEmKz9bV5y4eP\n".encode(),
]
SEED = Seed(LINES, "log.example/audit", 4711, self_drawn=False)
SPAN: Span = (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
AFTER = datetime(2026, 11, 23, 6, tzinfo=UTC)
CREATED = datetime(2026, 11, 18, tzinfo=UTC)
Planned = Callable[..., SamplingPlan]
