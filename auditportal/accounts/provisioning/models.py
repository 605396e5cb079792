"""What an identity provider says about people: who is in which group, and which group has which role."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from auditportal.accounts.models import HELD, Grant, User
from recordings.reach import Level


class Scope(models.TextChoices):
    """What a token may do."""

    READ = "read", gettext_lazy("Read only")
    USERS = "users", gettext_lazy("People")
    USERS_AND_GROUPS = "users_and_groups", gettext_lazy("People and groups")


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self) -> Self:
        """Return the tokens that are neither revoked nor expired, by the database's clock."""
        return self.filter(revoked_at=None, expires_at__gt=Now())


class Token(models.Model):
    """A bearer token of an identity provider. The database holds its hash only."""

    name = models.CharField(max_length=80)
    token_sha256 = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=20, choices=Scope)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = TokenQuerySet.as_manager()

    @property
    def scope_label(self) -> str | Promise:
        return Scope(self.scope).label


class Person(models.Model):
    """A person as the identity provider knows them. People without a row were made in the portal."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="provisioned")
    # The provider's own id of the person.
    external_id = models.CharField(max_length=255, blank=True, default="")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~models.Q(external_id="") & models.Q(removed_at=None),
                name="person_external_id_once",
            )
        ]


class Source(models.TextChoices):
    """Where a membership comes from."""

    SCIM = "scim"
    SIGN_ON = "sign_on"


class Group(models.Model):
    """A group of the identity provider, as SCIM or a sign-in names it."""

    source = models.CharField(max_length=10, choices=Source)
    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "name"], condition=models.Q(removed_at=None), name="group_name_once"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~models.Q(external_id="") & models.Q(removed_at=None),
                name="group_external_id_once",
            ),
        ]


class Membership(models.Model):
    """A person in a group, from when until when. It is ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "user"], condition=models.Q(until=None), name="membership_once_at_a_time"
            )
        ]


class GroupRole(models.Model):
    """A role that all members of a group have, with its level and scope. The group is matched by its exact name."""

    group = models.CharField(max_length=255)
    role = models.CharField(max_length=40)
    # As of a grant.
    level = models.CharField(max_length=10, default=Level.MANAGE, db_default=Level.MANAGE.value)
    channels = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    teams = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    agents = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    classes = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", *HELD], condition=models.Q(ended_at=None), name="group_role_once_at_a_time"
            )
        ]


class ProvisionedGrant(models.Model):
    """Marks a grant that follows from a group. Grants without a mark were given by people."""

    grant = models.OneToOneField(
        Grant, on_delete=models.PROTECT, primary_key=True, related_name="provisioned"
    )
    group_role = models.ForeignKey(GroupRole, on_delete=models.PROTECT, related_name="+")
