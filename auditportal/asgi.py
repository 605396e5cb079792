"""What the web server serves: the portal behind the limits of auditportal/serving."""

# First: it sets Django up.
from auditportal.wsgi import application as portal

# isort: split
import sys

from django.conf import settings

from auditportal.serving.server import Server

# The event loop shares the interpreter with the threads: it gets its turn ten times as often as by default, so that it
# refuses in time what the threads cannot answer.
sys.setswitchinterval(0.0005)

# A thread without a database connection of the pool would only wait for one.
application = Server(portal, threads=settings.DATABASE_POOL_SIZE or 8)
