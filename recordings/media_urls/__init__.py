"""Make a fresh URL to a recording's file, and get storage's answer to it.

Called between transactions: after the request is in the trail, before anything is issued.
"""

from recordings.media_urls.errors import NoUrl
from recordings.media_urls.fresh import FreshUrl, fresh_url, pin_version
from recordings.media_urls.places import location_of, media_type_of

__all__ = ["FreshUrl", "NoUrl", "fresh_url", "location_of", "media_type_of", "pin_version"]
