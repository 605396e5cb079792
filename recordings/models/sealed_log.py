"""The sealed log's tables, for reading only: the sealer writes them, as a database role of its own."""

from django.db import models


class LogHead(models.Model):
    """The one row that a sealer locks, and how far it has sealed: for display. The leaves are the truth."""

    one = models.BooleanField(primary_key=True)
    origin = models.TextField()
    tag_key = models.BinaryField()
    size = models.BigIntegerField()
    root = models.BinaryField()
    manifest_n = models.BigIntegerField()
    manifest_at = models.DateTimeField(null=True)
    parents_from = models.BigIntegerField()
    closed_until = models.DateTimeField(null=True)
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."log_head"'


class Leaf(models.Model):
    """One sealed event: the entry that is hashed, and where it stands."""

    n = models.BigIntegerField(primary_key=True)
    event_no = models.BigIntegerField(null=True, unique=True)
    event_id = models.UUIDField(unique=True)
    entry = models.BinaryField()
    hash = models.BinaryField()
    obj = models.BinaryField(null=True)
    obj_n = models.BigIntegerField(null=True)
    act = models.BinaryField()
    act_n = models.BigIntegerField()
    par = models.BinaryField(null=True)
    par_n = models.BigIntegerField(null=True)
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."leaf"'


class Tile(models.Model):
    """256 hashes of one level of the tree (C2SP tlog-tiles)."""

    pk = models.CompositePrimaryKey("level", "position")
    level = models.SmallIntegerField()
    position = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        managed = False
        db_table = '"audit"."tile"'


class Checkpoint(models.Model):
    """A size and root that the signer signed; `note` is the signed note without witnesses."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    origin = models.TextField()
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."checkpoint"'


class Cosignature(models.Model):
    """A witness's signature line over a checkpoint."""

    pk = models.CompositePrimaryKey("size", "witness", "time")
    size = models.BigIntegerField()
    witness = models.TextField()
    line = models.TextField()
    time = models.DateTimeField()
    added_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."cosignature"'


class Anchor(models.Model):
    """A checkpoint in a place that the portal cannot change: a locked bucket, a time stamp, a mailbox."""

    id = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    size = models.BigIntegerField()
    place = models.TextField()
    evidence = models.BinaryField()
    time = models.DateTimeField()
    added_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."anchor"'


class Incident(models.Model):
    """What must never happen and did. `settles` names the earlier incident that this row closes; `event_id` the
    sealer's event that speaks of the row: one that settles counts only when that event has its leaf."""

    id = models.BigIntegerField(primary_key=True)
    code = models.TextField()
    detail = models.TextField()
    settles = models.ForeignKey("self", models.DO_NOTHING, null=True, db_column="settles", related_name="+")
    event_id = models.UUIDField(null=True, unique=True)
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"audit"."incident"'


class Outside(models.Model):
    """How an outside party – a witness, a kind of anchor – answered last, and how often it is asked."""

    name = models.TextField(primary_key=True)
    asked_at = models.DateTimeField(null=True)
    success_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(null=True)
    trouble = models.TextField()
    every = models.DurationField()

    class Meta:
        managed = False
        db_table = '"audit"."outside"'
