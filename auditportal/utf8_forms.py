"""Read forms and queries as UTF-8, whatever charset a request names."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

LONGEST = 500  # several times what a browser sends

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def utf8_forms(application: Application) -> Application:
    """Take the charset off every Content-Type before Django reads it.

    Django decodes with the codec it names, for the query already while it makes the request object. Python has codecs
    that hold a process for a minute over 200 KB, and others that raise what nobody expects. Browsers name none.
    """

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["CONTENT_TYPE"] = _without_charset(environ.get("CONTENT_TYPE", ""))
        return application(environ, start_response)

    return serve


def _without_charset(content_type: str) -> str:
    # A star stands for a parameter in a charset of its own (RFC 2231), which is decoded as it is read.
    if len(content_type) > LONGEST or "*" in content_type:
        return ""
    kind, parameters = parse_header_parameters(content_type)
    if "charset" not in parameters:
        return content_type
    boundary = parameters.get("boundary", "").replace("\\", "\\\\").replace('"', '\\"')
    return f'{kind}; boundary="{boundary}"' if boundary else kind
