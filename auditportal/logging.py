"""JSON logs, one object a line, UTC, with the request's id on every line – and never a credential in one."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# What must not reach a log, wherever it comes from: signatures of all three kinds of signed URL, keys, tokens.
SECRET = re.compile(
    r"(?i)((?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|Key-Pair-Id|Policy)=)[^&\s\"']+"
    r"|(Bearer\s+)[\w.~+/=-]+"
    r"|(/webhooks/commbox/)[^/\s\"']+"
    r"|(://[^:/@\s]*:)[^@/\s]+(?=@)"
)
Event = MutableMapping[str, Any]


def _mask(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group) + "***"


def redact(text: str) -> str:
    """The text with every credential replaced by three stars."""
    return SECRET.sub(_mask, text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def redact_event(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: the last one before the line is written."""
    return {key: _clean(value) for key, value in event.items()}


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def logging_config(level: str) -> None:
    """Send structlog's and the standard library's records through one JSON formatter to standard error."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *SHARED],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact_event,
            structlog.processors.JSONRenderer(default=str),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # At INFO httpx names every URL it calls, and a presigned one is a secret.
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                # At DEBUG botocore writes signatures and the strings it signs.
                "botocore": {"level": "WARNING"},
                # Its errors hold the traceback that our own line lacks.
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
