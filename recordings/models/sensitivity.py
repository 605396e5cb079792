"""How sensitive the recordings of an object are. Grants can be limited to some classes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sensitivity(models.TextChoices):
    """From the least to the most sensitive."""

    STANDARD = "standard", _("Standard")
    CONFIDENTIAL = "confidential", _("Confidential")
    RESTRICTED = "restricted", _("Restricted")
