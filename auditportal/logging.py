"""Write JSON logs: one object a line, times in UTC, the request's id on every line, and no credentials."""

import logging
import logging.config
import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

import structlog

# Never logged, wherever it comes from: signatures of all three kinds of signed URL, keys, tokens.
SECRET = re.compile(
    r"(?i)((?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|Key-Pair-Id|Policy)=)[^&\s\"']+"
    r"|(Bearer\s+)[\w.~+/=-]+"
    r"|(/webhooks/commbox/)[^/\s\"']+"
    r"|(/accounts/invitation/)[^/\s\"']+"
    r"|(://[^:/@\s]*:)[^@/\s]+(?=@)"
)
Event = MutableMapping[str, Any]
SHORTEST_SECRET = 8  # a shorter one may be an ordinary word

# The secrets of the settings, found as they are; the pattern above finds others by their form.
_known: tuple[str, ...] = ()


def _mask(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group) + "***"


def redact(text: str) -> str:
    """Return the text with every credential replaced by three stars."""
    for secret in _known:
        text = text.replace(secret, "***")
    return SECRET.sub(_mask, text)


def hide(secrets: Iterable[str]) -> None:
    """Redact these values from now on, in place of those given before."""
    global _known
    _known = tuple(sorted({text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True))


def _clean(value: Any) -> Any:
    """Return the value as JSON can hold it, with every text redacted. Other objects become text here, not in the
    renderer: the text of a request contains its path, and a path may contain a token."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    try:
        return redact(str(value))
    except Exception:
        return f"<{type(value).__name__} without a text>"


def redact_event(_logger: Any, _method: str, event: Event) -> Event:
    """Redact an event. The last structlog processor before the line is written."""
    return {key: _clean(value) for key, value in event.items()}


def shorten_suspicious(record: logging.LogRecord) -> bool:
    """Log a suspicious request, such as one with an invalid Host header, as a warning of one line, where Django logs an
    error with a traceback. A logging filter; returns True always."""
    if record.name.startswith("django.security.") and record.exc_info:
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def logging_config(level: str, secrets: Iterable[str]) -> None:
    """Send structlog's and the standard library's records through one JSON formatter to standard error.

    `secrets` are in no line, whatever it is about.
    """
    hide(secrets)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *SHARED],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact_event,
            structlog.processors.JSONRenderer(),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "filters": {"suspicious": {"()": lambda: shorten_suspicious}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["suspicious"]}
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # At INFO httpx logs every URL it calls, and a presigned URL is a secret.
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                # At DEBUG botocore logs signatures and the strings it signs.
                "botocore": {"level": "WARNING"},
                # Its errors carry the traceback, which the portal's own line does not.
                "django.request": {"level": "ERROR"},
                "django.security.csrf": {"level": "ERROR"},
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
