"""A stand-in for CommBox and its storage, for demo and tests only. Nothing here needs Django."""

from auditportal.sandbox.behaviour.faults import Fault
from auditportal.sandbox.commbox.keys import make_key
from auditportal.sandbox.control.control import Control
from auditportal.sandbox.s3.sigv4 import Credential
from auditportal.sandbox.sandbox import Sandbox, settings_for

__all__ = ["Control", "Credential", "Fault", "Sandbox", "make_key", "settings_for"]
