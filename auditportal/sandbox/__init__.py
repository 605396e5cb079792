"""A stand-in for CommBox and its storage, for demo and tests only. Nothing here needs Django."""

from .control import Control
from .faults import Fault
from .sandbox import Sandbox
from .sigv4 import Credential

__all__ = ["Control", "Credential", "Fault", "Sandbox"]
