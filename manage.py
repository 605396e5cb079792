#!/usr/bin/env python
"""Django's command line. Some commands come before any settings: they start what settings name."""

import os
import sys
from importlib import import_module
from pathlib import Path

from django.core.management import execute_from_command_line, load_command_class

BEFORE_SETTINGS = ("demo", "embedded", "sandbox")
# These know nothing of Django, and their processes of nothing that its settings say.
ON_THEIR_OWN = {"sign_trail": "recordings.tlog.signer", "witness": "recordings.tlog.witness"}
# There while `make demo` runs: commands in another terminal work on the demo.
RUNNING_DEMO = Path(__file__).parent / ".portal" / "running.env"


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:] and sys.argv[1] in ON_THEIR_OWN:
        sys.exit(import_module(ON_THEIR_OWN[sys.argv[1]]).main(sys.argv[2:]))
    if sys.argv[1:] and sys.argv[1] in BEFORE_SETTINGS:
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        load_command_class("auditportal", sys.argv[1]).run_from_argv(sys.argv)
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditportal.settings")
    if RUNNING_DEMO.exists() and not {"DATABASE_URL", "DATABASE_URL_FILE"} & set(os.environ):
        lines = (line.partition("=") for line in RUNNING_DEMO.read_text().splitlines())
        os.environ.update({name: value for name, _, value in lines})
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
