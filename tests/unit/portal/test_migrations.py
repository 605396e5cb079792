"""A migration runs while people work: it builds no index in a transaction that keeps others from the table."""

import pytest
from django.db.migrations import AddIndex, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader

# Those before have run everywhere, on tables that were small then.
FROM = "0018"

MIGRATIONS = {
    name: migration
    for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items()
    if app == "recordings" and name >= FROM
}


@pytest.mark.parametrize("name", sorted(MIGRATIONS))
def test_an_index_of_a_table_that_is_there_is_built_beside_its_use(name: str) -> None:
    migration: Migration = MIGRATIONS[name]
    made_here = {one.name.lower() for one in migration.operations if isinstance(one, CreateModel)}
    for one in migration.operations:
        if isinstance(one, AddIndex) and one.model_name.lower() not in made_here:
            assert type(one).__name__ == "AddIndexConcurrently", one.index.name
            assert not migration.atomic
