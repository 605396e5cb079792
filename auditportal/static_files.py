"""Serve static files with hashes in their names, and pages even when the files were not collected."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise is not typed
    """Use a file's plain name when the manifest lacks it: an error page without its style is still readable."""

    manifest_strict = False

    def hashed_name(self, name: str, *args: Any, **more: Any) -> str:
        try:
            return str(super().hashed_name(name, *args, **more))
        except ValueError:
            return name
