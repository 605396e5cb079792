"""The trail's tables, read-only: they belong to the schema `audit`, where one function writes them."""

from django.db import models


class AuditEvent(models.Model):
    """An event: its exact bytes, their hash, and index columns that the database derived from the bytes."""

    id = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    body = models.BinaryField()
    body_hash = models.BinaryField()
    recorded_at = models.DateTimeField()
    occurred_at = models.DateTimeField()
    skewed = models.BooleanField()
    kind = models.TextField()
    outcome = models.TextField()
    actor_ref = models.TextField()
    actor_role = models.TextField()
    target_kind = models.TextField()
    target_ref = models.TextField()
    parent_ref = models.TextField()
    purpose = models.TextField()
    request_id = models.TextField()
    # The object that the event is on, or the object of its recording. The database computes it from the target.
    object_no = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = '"audit"."event"'


class AuditSecret(models.Model):
    """A personal value of an event, encrypted with its subject's key. It can be deleted, the event cannot."""

    pk = models.CompositePrimaryKey("event_id", "field")
    event_id = models.UUIDField()
    field = models.TextField()
    subject = models.TextField()
    sealed = models.BinaryField()

    class Meta:
        managed = False
        db_table = '"audit"."secret"'


class AuditSubjectKey(models.Model):
    """The wrapped key of a subject, a person or a customer. Destroying it erases their personal values."""

    subject = models.TextField(primary_key=True)
    wrapped = models.BinaryField()

    class Meta:
        managed = False
        db_table = '"audit"."subject_key"'
