"""What the web server serves. Each of its processes notes its start in the trail before the first request."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditportal.settings")
application = get_wsgi_application()

from auditportal.lifecycle import note_start  # noqa: E402  (needs the settings)

note_start("web")
