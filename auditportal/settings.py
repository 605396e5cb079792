"""The portal's Django settings: one file, every value that differs between installations comes from auditportal.env."""

import base64
import hashlib
import logging
from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF

from auditportal.databases import database
from auditportal.env import ROOT, decoded_keys, mail_server, read_env, removed_settings, secret_or_empty
from auditportal.logging import logging_config

ENV = read_env()
APP_VERSION = "0.1.0"

SECRET_KEY = secret_or_empty(ENV.SECRET_KEY)
SECRET_KEY_FALLBACKS = secret_or_empty(ENV.SECRET_KEY_FALLBACKS).replace(",", " ").split()
DEBUG = ENV.DEBUG
DEMO = ENV.DEMO
EASY_SIGN_IN = ENV.easy_sign_in  # with a password alone, on this machine
ALLOWED_HOSTS = ENV.ALLOWED_HOSTS
PUBLIC_URL = ENV.PUBLIC_URL
TRUSTED_PROXY_HOPS = ENV.TRUSTED_PROXY_HOPS
SECURE = PUBLIC_URL.startswith("https://")

# --- what is assembled

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "template_partials",
    "lucide",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "auditportal.accounts",
    "auditportal.accounts.provisioning",
    "auditportal.accounts.single_sign_on",
    "auditportal",
    "recordings",
]
MIDDLEWARE = [
    "auditportal.middleware.request_log",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "auditportal.middleware.privacy_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "auditportal.middleware.plain_answers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "auditportal.accounts.middleware.sign_in_required",
    "auditportal.accounts.middleware.second_factor_required",
    "auditportal.localization.localized",
]
ROOT_URLCONF = "auditportal.urls"
WSGI_APPLICATION = "auditportal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "auditportal.shell.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "recordings.templatetags.wording",
                "recordings.templatetags.icons",
            ],
        },
    }
]

# --- data

# A process that is told of one login only uses it for everything; one that is told of none has no database.
_LOGIN = ENV.DATABASE_URL or ENV.DATABASE_SEALER_URL or ENV.DATABASE_OWNER_URL
_OWNER = ENV.DATABASE_OWNER_URL or ENV.DATABASE_URL
DATABASES: dict[str, Any] = {
    "default": database(secret_or_empty(_LOGIN), pool_size=ENV.DATABASE_POOL_SIZE) if _LOGIN else {},
    "owner": database(secret_or_empty(_OWNER), assume_role="auditportal_owner") if _OWNER else {},
}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASE_POOL_SIZE = ENV.DATABASE_POOL_SIZE
REDIS_URL = secret_or_empty(ENV.REDIS_URL)
BROKER_URL = secret_or_empty(ENV.BROKER_URL or ENV.REDIS_URL)
# Version 1 were pickles: the release that wrote them may share this Redis during an upgrade, and reads no JSON.
CACHES = {"default": {"BACKEND": "auditportal.cache.CalmRedisCache", "LOCATION": REDIS_URL, "VERSION": 2}}
SESSION_ENGINE = "auditportal.accounts.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
REPORTS_DIR = ENV.REPORTS_DIR

# --- people

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["auditportal.accounts.backend.PortalBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "auditportal.accounts.adapter.PortalAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
# Failed attempts are limited by accounts/attempts.py.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": None}

# --- mail

SMTP_URL = secret_or_empty(ENV.SMTP_URL)
_SERVER = mail_server(SMTP_URL)
EMAIL_HOST, EMAIL_PORT = _SERVER.host, _SERVER.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _SERVER.user, _SERVER.password
EMAIL_USE_SSL, EMAIL_USE_TLS = _SERVER.tls_from_start, _SERVER.starttls
# An administrator waits for the mail server with the page.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENV.MAIL_FROM

SOCIALACCOUNT_ADAPTER = "auditportal.accounts.single_sign_on.adapter.PortalSocialAdapter"
OIDC_ISSUER = ENV.OIDC_ISSUER
OIDC_CLIENT_ID = ENV.OIDC_CLIENT_ID
OIDC_CLIENT_SECRET = secret_or_empty(ENV.OIDC_CLIENT_SECRET)
OIDC_NAME = ENV.OIDC_NAME
OIDC_SCOPES = tuple(ENV.OIDC_SCOPES)
OIDC_GROUPS_CLAIM = ENV.OIDC_GROUPS_CLAIM
OIDC_PERSON_CLAIM = ENV.OIDC_PERSON_CLAIM
OIDC_SECOND_FACTOR = tuple(ENV.OIDC_SECOND_FACTOR)

# --- the browser

SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = ENV.SESSION_HOURS * 3600
SESSION_IDLE_SECONDS = ENV.SESSION_IDLE_MINUTES * 60
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "auditportal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")] if PUBLIC_URL else []
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_HOPS else None
# Not "no-referrer": under it browsers send "Origin: null" with a plain form, and Django refuses the POST.
# Other origins, the bucket among them, learn nothing either way.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Nothing of a browser that no page uses; without picture-in-picture a film stays under its watermark.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "camera",
        "display-capture",
        "geolocation",
        "hid",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "serial",
        "usb",
    )
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = (
    5000  # the builder of scorecards sends all fields of a form, some 25 a question
)
FILE_UPLOAD_HANDLERS = ["recordings.proof.evidence.check.uploads.CappedUpload"]


def _origin(bucket_url: str) -> str:
    scheme, _, rest = bucket_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": sorted({_origin(url) for url in ENV.RECORDING_BUCKETS}) or [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": "/csp-reports",
    }
}

STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = ROOT / "staticfiles"
WHITENOISE_USE_FINDERS = DEMO or DEBUG
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "auditportal.static_files.Storage"
        if not (DEMO or DEBUG)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- words and times

LANGUAGE_CODE = "en"
# Each language names itself. Adding one is adding its catalogue: docs/translation.md.
LANGUAGES = [("en", "English"), ("he", "עברית")]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = "auditportal.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

# --- logs

LOGGING_CONFIG = None
logging_config(ENV.LOG_LEVEL, ENV.secret_texts())
for name, instead in removed_settings().items():
    logging.getLogger("portal.settings").warning("%s is ignored: %s", name, instead)

# --- CommBox, storage, the trail

COMMBOX_API_URL = ENV.COMMBOX_API_URL
COMMBOX_API_KEY = secret_or_empty(ENV.COMMBOX_API_KEY)
COMMBOX_API_KEY_NEXT = secret_or_empty(ENV.COMMBOX_API_KEY_NEXT)
COMMBOX_STREAMS = tuple(ENV.COMMBOX_STREAMS)
COMMBOX_STREAM_NAMES = {
    int(number): name for number, _, name in (entry.partition("=") for entry in ENV.COMMBOX_STREAM_NAMES)
}
COMMBOX_REQUESTS_PER_SECOND = ENV.COMMBOX_REQUESTS_PER_SECOND
COMMBOX_REQUESTS_AT_ONCE = ENV.COMMBOX_REQUESTS_AT_ONCE
COMMBOX_WEBHOOK_TOKEN = secret_or_empty(ENV.COMMBOX_WEBHOOK_TOKEN)
COMMBOX_WEBHOOK_ALLOW_FROM = tuple(ENV.COMMBOX_WEBHOOK_ALLOW_FROM)
COMMBOX_WEBHOOK_HEADER = secret_or_empty(ENV.COMMBOX_WEBHOOK_HEADER)
RECORDING_BUCKETS = tuple(ENV.RECORDING_BUCKETS)
S3_REGION = ENV.S3_REGION
AWS_ACCESS_KEY_ID = ENV.AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY = secret_or_empty(ENV.AWS_SECRET_ACCESS_KEY)
AWS_SESSION_TOKEN = secret_or_empty(ENV.AWS_SESSION_TOKEN)
AWS_CREDENTIAL_EXPIRATION = ENV.AWS_CREDENTIAL_EXPIRATION
S3_USE_ROLE = ENV.S3_USE_ROLE
COMMBOX_LONG_URLS = ENV.COMMBOX_LONG_URLS
CUSTODY_HASH_MAX_BYTES = ENV.CUSTODY_HASH_MAX_BYTES
ASSURANCE_LATE = timedelta(minutes=ENV.ASSURANCE_LATE_MINUTES)
ASSURANCE_SAMPLE = ENV.ASSURANCE_SAMPLE
PLAYBACK_URL_TTL = ENV.PLAYBACK_URL_TTL
DATABASE_SEALER_URL = secret_or_empty(ENV.DATABASE_SEALER_URL)
AUDIT_RELEASE = ENV.AUDIT_RELEASE
AUDIT_ORIGIN = ENV.AUDIT_ORIGIN
AUDIT_SIGNER_SOCKET = ENV.AUDIT_SIGNER_SOCKET
AUDIT_POLICY_FILE = ENV.AUDIT_POLICY_FILE
AUDIT_LOG_PUBLIC = ENV.AUDIT_LOG_PUBLIC
AUDIT_WITNESS_PACE = {
    name: timedelta(seconds=int(seconds))
    for name, _, seconds in (entry.rpartition("=") for entry in ENV.AUDIT_WITNESS_PACE)
}
AUDIT_LAG_LIMIT_SECONDS = ENV.AUDIT_LAG_LIMIT_SECONDS
AUDIT_LAG_ALARM_SECONDS = AUDIT_LAG_LIMIT_SECONDS // 10
AUDIT_ANCHOR_BUCKET = ENV.AUDIT_ANCHOR_BUCKET
AUDIT_ANCHOR_ACCESS_KEY_ID = ENV.AUDIT_ANCHOR_ACCESS_KEY_ID
AUDIT_ANCHOR_SECRET_ACCESS_KEY = secret_or_empty(ENV.AUDIT_ANCHOR_SECRET_ACCESS_KEY)
AUDIT_ANCHOR_DAYS = ENV.AUDIT_ANCHOR_DAYS
AUDIT_TSA_URL = ENV.AUDIT_TSA_URL
AUDIT_TSA_CERTIFICATES = ENV.AUDIT_TSA_CERTIFICATES
AUDIT_MAIL_TO = tuple(ENV.AUDIT_MAIL_TO)
AUDIT_MAIL_FROM = ENV.AUDIT_MAIL_FROM
AUDIT_FIELD_KEY = hashlib.sha256(base64.b64decode(secret_or_empty(ENV.AUDIT_FIELD_KEY))).digest()
KEY_ENCRYPTION_KEYS = decoded_keys(ENV.KEY_ENCRYPTION_KEYS)
STALE_AFTER_HOURS = ENV.STALE_AFTER_HOURS
METRICS_TOKEN = secret_or_empty(ENV.METRICS_TOKEN)
HEARTBEAT_FILE = ENV.HEARTBEAT_FILE
