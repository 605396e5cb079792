"""Run a Python file with limits on memory, processor time and output size.

inspection.py starts it: `python -I limited_process.py BYTES SECONDS WRITTEN FILE [ARGUMENT …]`. The process limits
itself, so that no Python code runs in the web process between fork and exec (subprocess's preexec_fn).
"""

import os
import resource
import runpy
import sys


def main() -> None:
    """Set the limits and run the file as a program."""
    memory, seconds, written, *sys.argv = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
    os.nice(5)  # pages have priority
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
