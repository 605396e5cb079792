"""What the web server serves: the portal behind the limits of auditportal/serving."""

# First: it sets Django up.
from auditportal.wsgi import application as portal

# isort: split
from django.conf import settings

from auditportal.serving.server import Server

# A thread without a database connection of the pool would only wait for one.
application = Server(portal, threads=settings.DATABASE_POOL_SIZE or 8)
