"""A stand-in for CommBox and its storage, for demo and tests only. Nothing here needs Django."""

from .control import Control
from .faults import Fault
from .keys import make_key
from .sandbox import Sandbox, settings_for
from .sigv4 import Credential

__all__ = ["Control", "Credential", "Fault", "Sandbox", "make_key", "settings_for"]
