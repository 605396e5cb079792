"""Settings of single sign-on."""

from pydantic import BaseModel, SecretStr, field_validator

from auditportal.env.fields import CommaList, setting
from auditportal.env.portal import require_https

_CHANGEABLE = frozenset({"email", "preferred_username", "name", "upn", "phone_number"})


class SignOnSettings(BaseModel):
    """Single sign-on."""

    OIDC_ISSUER: str = setting(
        "",
        "The identity provider's issuer, exactly as it writes it (OpenID Connect). With it, people can sign in through "
        "the provider; register `PUBLIC_URL` + `/accounts/single-sign-on/callback/` there. `OIDC_CLIENT_ID` and "
        "`OIDC_CLIENT_SECRET` are needed too.",
        example="https://login.example.com/realms/staff",
        used_by=("web",),
        max_length=255,
    )
    OIDC_CLIENT_ID: str = setting(
        "", "The portal's client id at the identity provider.", example="auditportal", used_by=("web",)
    )
    OIDC_CLIENT_SECRET: SecretStr | None = setting(
        None,
        "The portal's client secret at the identity provider.",
        example="the secret that the provider shows",
        used_by=("web",),
    )
    OIDC_NAME: str = setting(
        "Single sign-on",
        "Name of the identity provider on the sign-in page.",
        example="Okta",
        used_by=("web",),
        max_length=40,
    )
    OIDC_SCOPES: CommaList = setting(
        ["openid", "profile"],
        "Scopes that the portal asks for. Some providers give groups for a scope only.",
        example="openid,profile,groups",
        used_by=("web",),
    )
    OIDC_GROUPS_CLAIM: str = setting(
        "",
        "Claim of the ID token that lists the person's groups. With it, each sign-in gives the roles of the groups "
        "(*People → Provisioning*), and a member of such a group gets an account at the first sign-in.",
        example="groups",
        used_by=("web",),
    )
    OIDC_PERSON_CLAIM: str = setting(
        "sub",
        "Claim of the ID token that equals a person's `externalId` in SCIM: people whom SCIM created are linked by it "
        "at their first sign-in. A claim that people can change, such as a mail address, is refused.",
        example="oid",
        used_by=("web",),
    )
    OIDC_SECOND_FACTOR: CommaList = setting(
        [],
        "Values of `acr` or `amr` in the ID token that prove a second factor at the provider. Without one of them the "
        "portal asks for its own.",
        example="mfa,hwk",
        used_by=("web",),
    )

    @field_validator("OIDC_ISSUER")
    @classmethod
    def _issuer_is_https(cls, value: str) -> str:
        return require_https(value)

    @field_validator("OIDC_PERSON_CLAIM")
    @classmethod
    def _claim_stays(cls, value: str) -> str:
        if value in _CHANGEABLE:
            raise ValueError("must be a claim that never changes, such as sub or oid")
        return value

    @field_validator("OIDC_SCOPES")
    @classmethod
    def _asks_for_a_token(cls, value: list[str]) -> list[str]:
        if "openid" not in value:
            raise ValueError("must contain openid")
        return value
