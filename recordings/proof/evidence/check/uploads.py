"""Write uploads to a temporary file as they come, never into memory, never more than a bundle may have."""

from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

LARGEST = 100 * 1024 * 1024
LARGEST_REQUEST = LARGEST + 64 * 1024  # with the other fields of the form and the lines between them


class CappedUpload(TemporaryFileUploadHandler):
    """Writes each file to disk and stops reading when it is too large; `upload_too_large` then stands on the request.

    For every view of the portal: the check of the form's token reads the whole body before any view is called.
    """

    announced = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, *args: Any, **more: Any
    ) -> None:
        """Remember what the browser announces, so that nothing is read of what is too large."""
        self.announced = content_length

    def new_file(self, *args: Any, **more: Any) -> None:
        if self.announced > LARGEST_REQUEST:
            self._stop()
        super().new_file(*args, **more)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > LARGEST:
            self._stop()
        super().receive_data_chunk(raw_data, start)

    def _stop(self) -> None:
        if self.request is not None:
            self.request.upload_too_large = True  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=True)
