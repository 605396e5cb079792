"""Who a session belongs to. Signing in itself is allauth's."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from auditportal.accounts.models import User


class PortalBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth is not typed
    """allauth's backend, reading a session's person together with their roles."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the person with the grants they hold; None when there is none or the account is closed."""
        user = User.objects.with_grants(user_id)
        return user if user is not None and user.is_active else None
