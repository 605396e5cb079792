"""What a bare machine may lack: two browsers, a real S3 server, OpenSSL, a reader of PDF, a proxy, a pooler. Tests that
need it are skipped, and loudly so.

With CI=true nothing may be missing, but for what a machine can forbid: the run fails.
"""

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import containers

NO_BROWSER = "no Chromium (set CHROMIUM, put chromium on PATH, or run: playwright install chromium)"
NO_FIREFOX = "no Firefox (Debian packages firefox-esr libavcodec59)"
NO_CEPH = "no Ceph RGW (Debian packages radosgw ceph-mon ceph-osd ceph-common)"
NO_OPENSSL = "no openssl command (Debian package openssl)"
NO_POPPLER = "no pdftotext (Debian package poppler-utils)"
NO_NGINX = "no nginx (Debian package nginx-light)"
NO_GETTEXT = "no xgettext (Debian package gettext)"
NO_PGBOUNCER = "no pgbouncer (Debian package pgbouncer)"
# Of a fixture's name: the program it needs, and what is said without it.
_PROGRAMS = {
    "tsa": ("openssl", NO_OPENSSL),
    "first_page": ("pdftotext", NO_POPPLER),
    "nginx": ("nginx", NO_NGINX),
    "pgbouncer": ("pgbouncer", NO_PGBOUNCER),
    "gnu_gettext": ("xgettext", NO_GETTEXT),
}
_CEPH_PROGRAMS = ("radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "ceph-authtool", "monmaptool")
FORBIDDEN = frozenset({containers.NOT_PERMITTED})
# The shell first: the same pages drawn without a browser's own windows, for two thirds of the processor time.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@cache
def chromium() -> str | None:
    """The browser to drive: $CHROMIUM, else one on PATH, else the one Playwright downloaded, else None."""
    if named := os.environ.get("CHROMIUM"):
        if not os.access(named, os.X_OK):
            raise pytest.UsageError(f"CHROMIUM names {named}, which cannot be run.")
        return named
    on_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    return on_path or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def firefox() -> str | None:
    """Debian's Firefox, or another on PATH; else None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def ceph_installed() -> bool:
    return all(map(shutil.which, _CEPH_PROGRAMS))


def mark(items: list[pytest.Item]) -> None:
    """Mark browser and Ceph tests, and of all that need something skip those this machine cannot run."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser_name" in fixtures:
            item.add_marker(pytest.mark.e2e)
            if not chromium():
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
        if item.get_closest_marker("firefox") and not firefox():
            item.add_marker(pytest.mark.skip(reason=NO_FIREFOX))
        if "ceph" in fixtures or item.get_closest_marker("ceph"):
            item.add_marker(pytest.mark.ceph)
            if not ceph_installed():
                item.add_marker(pytest.mark.skip(reason=NO_CEPH))
        if {"containers", "small_disk"}.intersection(fixtures) and not containers.permitted():
            item.add_marker(pytest.mark.skip(reason=containers.NOT_PERMITTED))
        for fixture, (program, reason) in _PROGRAMS.items():
            if fixture in fixtures and not shutil.which(program):
                item.add_marker(pytest.mark.skip(reason=reason))


def missing(skipped: list[Any]) -> dict[str, int]:
    """How many of the skipped tests each missing piece cost."""
    reasons = [str(report.longrepr) for report in skipped]
    programs = (reason for _, reason in _PROGRAMS.values())
    pieces = (NO_BROWSER, NO_FIREFOX, NO_CEPH, containers.NOT_PERMITTED, *programs)
    counts = {reason: sum(reason in said for said in reasons) for reason in pieces}
    return {reason: count for reason, count in counts.items() if count}


def everything_is_required() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")
