"""Static files with hashes in their names, and pages that stand when those were not collected."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise is not typed
    """A file that the manifest does not know has its plain name: an error page without its style is still a page."""

    manifest_strict = False

    def hashed_name(self, name: str, *args: Any, **more: Any) -> str:
        try:
            return str(super().hashed_name(name, *args, **more))
        except ValueError:
            return name
