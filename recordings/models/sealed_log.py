"""The sealed log's tables, read-only: only the sealer's database login writes them."""

from django.db import models


class LogHead(models.Model):
    """The one row that a sealer locks. Its size is for display; the leaves are authoritative."""

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
    """A sealed event: the entry that is hashed, and its position."""

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
    """A size and root that the signer signed. `note`: the signed note, without cosignatures."""

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
    """A checkpoint kept where the portal cannot change it: a locked bucket, a time stamp, a mailbox."""

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
    """An incident, or the closing of an earlier one, `settles`.

    `event_id`: the sealer's event about this row. A closing counts only when its event has a leaf.
    """

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
    """The last answer of a witness or a kind of anchor, and how often it is contacted."""

    name = models.TextField(primary_key=True)
    asked_at = models.DateTimeField(null=True)
    success_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(null=True)
    trouble = models.TextField()
    every = models.DurationField()

    class Meta:
        managed = False
        db_table = '"audit"."outside"'
