"""Generate docs/settings.md from the settings: `python -m auditportal.settings_doc`, or `make docs`."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from auditportal.env import NEEDED, ROOT, SECTIONS

PAGE = ROOT / "docs" / "settings.md"
PROCESS_OF = {"portal": "web", "worker": "worker", "beat": "beat", "sealer": "sealer", "migrate": "migrate"}
HEAD = """\
# Settings

<!-- Generated from auditportal/env by `make docs`. Edit the settings' meanings there. -->

Every setting is an environment variable. A process that lacks a required setting, or has a wrong one, does not start
and names it; values are never printed. A variable that is not listed here is ignored; one that an
earlier release read is named in a warning at the start.

A secret can come from a file: `SECRET_KEY_FILE=/run/secrets/key` stands for `SECRET_KEY`. This works for every setting.

*Used by* names the processes that read the setting; **bold** means that the process does not start without it.
`web` is the process that serves pages, with `PROCESS=portal`. The signer has no settings, only options
([operating](operating.md)). The container image reads two more variables: `WEB_WORKERS`, the number of web processes
(2), and the `*_PASSWORD` variables of [deploy/example.env](../deploy/example.env), from which compose builds addresses.
"""


def settings_page() -> str:
    """Return the page as Markdown: one table a section, in the order of the classes."""
    return "\n".join([HEAD, *(_section(section) for section in SECTIONS)])


def _section(section: type[BaseModel]) -> str:
    rows = [_row(name, field) for name, field in section.model_fields.items()]
    title = (section.__doc__ or "").rstrip(".")
    head = "| Setting | Default | Meaning | Example | Used by |\n|---|---|---|---|---|"
    return f"## {title}\n\n{head}\n" + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    documented: Any = field.json_schema_extra
    required = [process for key, process in PROCESS_OF.items() if name in NEEDED[key]]
    used_by = ", ".join(f"**{p}**" if p in required else p for p in documented["used_by"])
    default = documented["shown_default"] or _default(field.default, required=bool(required))
    example = (field.examples or [""])[0]
    shown = example if example.startswith(("output of", "the ")) else f"`{example}`"
    return f"| `{name}` | {default} | {field.description} | {shown} | {used_by} |"


def _default(value: Any, *, required: bool) -> str:
    if required and value is None:
        return "required"
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in (None, "", []):
        return "empty"
    return f"`{','.join(value) if isinstance(value, list) else value}`"


if __name__ == "__main__":
    Path(PAGE).write_text(settings_page())
