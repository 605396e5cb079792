"""Search rows follow the facts."""

from datetime import timedelta
from uuid import UUID

from django.db import connection

from recordings.catalog.search_documents import (
    rebuild_docs,
    rebuild_docs_for_agents,
    rebuild_docs_for_streams,
)
from recordings.models import RecordingState, SearchDoc
from tests.factories import MORNING, agent, conversation, recording, stream


def docs_of(thing):
    return list(SearchDoc.objects.filter(object=thing).order_by("-shown_at", "-id"))


def words_in(doc):
    """Return the lexemes of a row without their month."""
    month = f"{doc.shown_at.year * 12 + doc.shown_at.month:04x}"
    lexemes = doc.words.replace("'", "").split()
    assert {lexeme[1:5] for lexeme in lexemes} == {month}
    return {lexeme[0] + lexeme[5:] for lexeme in lexemes}


def test_an_object_without_recordings_has_one_row(db):
    thing = conversation(created_at=MORNING)
    (doc,) = docs_of(thing)
    assert (doc.id, doc.has_recording, doc.newest, doc.files) == (UUID(int=thing.pk), False, True, 0)
    assert (doc.shown_at, doc.state, doc.worst_state) == (MORNING, "", "")


def test_a_row_per_recording_newest_first(db):
    thing = conversation()
    old = recording(thing, recorded_at=MORNING, state=RecordingState.VANISHED, duration_seconds=61)
    new = recording(thing, recorded_at=MORNING + timedelta(hours=1))
    docs = docs_of(thing)
    assert [doc.id for doc in docs] == [new.pk, old.pk]
    assert [doc.newest for doc in docs] == [True, False]
    assert {(doc.files, doc.worst_state) for doc in docs} == {(2, "vanished_at_source")}
    assert [doc.duration_seconds for doc in docs] == [542, 61]


def test_words(db):
    thing = conversation(
        id=1407374990000101,
        stream=stream("Claims vidéo", id=31245),
        agent=agent("A. Cohen", id=5501),
        customer_name="Dana O'Brien",
        customer_email="dana@example.com",
        customer_phone="+1 555 0144",
        status_id=8,
    )
    recording(thing, duration_seconds=542)
    (doc,) = docs_of(thing)
    assert words_in(doc) == {
        *("o1407374990000101", "c31245", "a5501", "kstandard", "s8", "tvideo", "zplayable", "l10"),
        *("wdana", "wo", "wbrien", "wobrien", "wa", "wcohen", "wclaims", "wvideo", "wexample"),
        *("jdanao", "jobrien", "jdanaobrien", "jacohen", "jclaimsvideo"),
        *("p44105551", "edanaexamplecom", "dexamplecom"),
    }


def test_rebuilding_is_five_statements_for_one_and_for_three(db, django_assert_num_queries):
    one, three = [conversation(recordings=2).pk], [conversation(recordings=1).pk for _ in range(3)]
    rebuild_docs([])
    for ids in (one, three):
        with django_assert_num_queries(5 + 2):  # and the savepoint around them
            rebuild_docs(ids)


def test_nothing_is_written_where_nothing_changed(db):
    thing = conversation(recordings=1)
    before = SearchDoc.objects.extra(select={"place": "ctid::text"}).values_list("place", flat=True)
    places = list(before.all())
    rebuild_docs([thing.pk])
    assert list(before.all()) == places


def test_a_renamed_agent_and_channel_are_found_by_their_new_names(db):
    thing = conversation(agent=agent("Noor"), recordings=1)
    other = conversation(recordings=1)
    type(thing.agent).objects.update(name="Yael")
    type(thing.stream).objects.update(name="Claims")
    rebuild_docs_for_agents([thing.agent_id])
    assert "wyael" in words_in(docs_of(thing)[0])
    assert "wclaims" not in words_in(docs_of(other)[0])
    rebuild_docs_for_streams([other.stream_id])
    assert "wclaims" in words_in(docs_of(other)[0])


def test_an_agent_that_is_not_known_yet(db):
    thing = conversation(agent_id=77)
    assert "a77" in words_in(docs_of(thing)[0])


def test_the_word_index_has_a_short_pending_list(db):
    """Every search scans the pending list of the index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'doc_words'")
        assert set(cursor.fetchone()[0]) == {"fastupdate=on", "gin_pending_list_limit=64"}
