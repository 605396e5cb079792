"""Write uploads to temporary files, never to memory, up to the largest bundle that is accepted."""

from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

LARGEST = 100 * 1024 * 1024
LARGEST_REQUEST = LARGEST + 64 * 1024  # with the other fields of the form and the multipart headers


class CappedUpload(TemporaryFileUploadHandler):
    """Write each file to disk, and stop reading when it is too large; `request.upload_too_large` is True then.

    It handles the uploads of every view: CSRF protection reads the whole body before a view is called.
    """

    announced = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, *args: Any, **more: Any
    ) -> None:
        """Remember the announced length, so that nothing is read of a request that is too large."""
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
