"""What the web server serves. Each of its processes notes its start in the trail before the first request."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditportal.settings")
_django = get_wsgi_application()

from auditportal.lifecycle import note_start  # noqa: E402  (needs the settings)
from auditportal.utf8_forms import utf8_forms  # noqa: E402

application = utf8_forms(_django)

note_start("web")
