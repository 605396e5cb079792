"""A segment of the log checked by a process of its own: the job comes in, progress and result go out, pickled.

Not `multiprocessing`: a worker of Celery may have no children by that way. Only the parent talks to this process.
"""

import gc
import pickle
import subprocess
import sys
import threading

from recordings.proof.verification.segment import Job, Progress, Segment, check_segment


class WorkerDied(RuntimeError):
    """The process ended without a result."""


class Worker:
    """Checks a segment beside this process. `progress` is called by a thread of its own."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recordings.proof.verification.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._segment: Segment | None = None
        self._progress = progress
        self._reader = threading.Thread(target=self._read, daemon=True)
        assert self._process.stdin is not None  # noqa: S101  (it is a pipe)
        pickle.dump(job, self._process.stdin)
        self._process.stdin.close()
        self._reader.start()

    def result(self) -> Segment:
        """Wait for the segment. Raises WorkerDied when its process did not live to tell."""
        self._reader.join()
        code = self._process.wait()
        if self._segment is None:
            raise WorkerDied(f"The process that checked a part of the log ended with code {code}.")
        return self._segment

    def stop(self) -> None:
        """End the process if it still runs."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  (it is a pipe)
        with self._process.stdout as stream:
            while self._segment is None:
                try:
                    told = pickle.load(stream)  # noqa: S301  (from a process of our own)
                except EOFError:
                    return
                if isinstance(told, Segment):
                    self._segment = told
                else:
                    self._progress(told)


def main() -> None:
    """Take a job from standard input, check it."""
    gc.disable()  # millions of rows come and go, and none of them in a circle that it would have to look for
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301  (from a process of our own)
    tell(check_segment(job, tell))


def tell(what: int | Segment) -> None:
    """Say to the parent how far this is, or what was found."""
    pickle.dump(what, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
