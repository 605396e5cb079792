"""Check an installation for mistakes: `manage.py check`, and `check --deploy` for production."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import Error, Warning, register


@register
def storage_is_named(app_configs: Any, **_: Any) -> list[Any]:
    """Warn when no bucket is allowed: nothing can be played then."""
    if settings.RECORDING_BUCKETS:
        return []
    hint = "RECORDING_BUCKETS=https://s3.eu-west-1.amazonaws.com/acme-recordings"
    return [Warning("RECORDING_BUCKETS is empty: no recording can be played.", hint=hint, id="portal.W001")]


@register
def log_has_a_policy(app_configs: Any, **_: Any) -> list[Any]:
    """Warn when the trust policy is missing: no checkpoint can be verified then, and playback stops."""
    if settings.AUDIT_POLICY_FILE or not settings.AUDIT_ORIGIN:
        return []
    hint = (
        "AUDIT_POLICY_FILE names a file with the line `log <vkey>`; sign_trail --print-vkey prints the key."
    )
    return [Warning("AUDIT_ORIGIN is set without AUDIT_POLICY_FILE.", hint=hint, id="portal.W002")]


@register(deploy=True)
def public_address_is_https(app_configs: Any, **_: Any) -> list[Any]:
    """Require an https:// address: secure cookies, HSTS and the sign-in redirect depend on it."""
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    return [Error("PUBLIC_URL must be the portal's https:// address.", id="portal.E001")]


@register(deploy=True)
def demo_is_off(app_configs: Any, **_: Any) -> list[Any]:
    """Refuse demo mode, which lists its accounts on the sign-in page."""
    return [Error("DEMO must be off.", id="portal.E002")] if settings.DEMO else []


@register(deploy=True)
def static_files_are_collected(app_configs: Any, **_: Any) -> list[Any]:
    """Require collected static files: pages are served without them, so nothing else would report it."""
    storage: Any = staticfiles_storage  # what STORAGES names; only one with a manifest has a place to look
    if not isinstance(storage, ManifestFilesMixin) or storage.read_manifest():
        return []
    message = "Static files are not collected: pages have no style and no script."
    return [Error(message, hint="manage.py collectstatic --noinput", id="portal.E003")]


@register(deploy=True)
def sign_in_is_full(app_configs: Any, **_: Any) -> list[Any]:
    """Refuse sign-in with a password alone."""
    message = "DEMO_SIGN_IN must not be easy: people would sign in with a password alone."
    return [Error(message, id="portal.E004")] if settings.EASY_SIGN_IN else []
