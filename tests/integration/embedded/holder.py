"""Run the embedded servers of a directory until killed. The first line of output says that they are ready.

The second argument, if any, is the user to become first (root only).
"""

import encodings.idna  # noqa: F401  (loaded while the interpreter can still be read)
import os
import signal
import sys
from pathlib import Path

from auditportal.embedded import Embedded

if sys.argv[2:]:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
with Embedded(Path(sys.argv[1]), durable=False).running() as services:
    print(services.admin_url, flush=True)
    signal.pause()
