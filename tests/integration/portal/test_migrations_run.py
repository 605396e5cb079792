"""Migrations that have to cope with what an earlier release or a build that was cut off left behind."""

import psycopg
import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from recordings.models import TrailWords

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

LEFT_BEHIND = {
    "nothing": "DROP INDEX viewing_open",
    "the whole index": "SELECT 1",
    "an invalid index": "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'viewing_open'::regclass",
    "an index of something else": "DROP INDEX viewing_open; CREATE INDEX viewing_open ON recordings_viewing (ended_at)",
}
STATE = """
SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = 'viewing_open'::regclass
"""


def migrate_again(admin: psycopg.Connection, name: str) -> None:
    """Run one migration of recordings on a database where it and those that need it were not run yet."""
    for needing in MigrationLoader(None).graph.backwards_plan(("recordings", name)):
        admin.execute("DELETE FROM django_migrations WHERE app = %s AND name = %s", list(needing))
    call_command("migrate", "recordings", name, database="owner", verbosity=0, interactive=False)


@pytest.mark.parametrize("left_behind", LEFT_BEHIND)
def test_the_index_of_open_viewings_is_whole_afterwards(
    admin_connection: psycopg.Connection, left_behind: str
) -> None:
    admin_connection.execute(LEFT_BEHIND[left_behind])
    migrate_again(admin_connection, "0025_viewing_open_index")
    state = admin_connection.execute(STATE).fetchone()
    assert state == (
        True,
        "CREATE INDEX viewing_open ON public.recordings_viewing USING btree (session_ref) WHERE (ended_at IS NULL)",
    )


def test_words_that_were_folded_by_an_earlier_release_are_indexed_again(
    admin_connection: psycopg.Connection,
) -> None:
    TrailWords.objects.create(event_no=1, leaf=0, tokens=[4711])
    migrate_again(admin_connection, "0026_trail_words_folded")
    assert not TrailWords.objects.exists()
