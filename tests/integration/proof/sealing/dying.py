"""A sealer or a signer that kills itself after one step, as if the power had failed: `dying.py STEP [ARGUMENT…]`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def die_after(owner: Any, name: str, *, turn: int = 1) -> None:
    """Make a function kill the process once it has returned for the `turn`-th time."""
    work, remaining = getattr(owner, name), [turn]

    def dying(*given: Any, **named: Any) -> Any:
        result = work(*given, **named)
        remaining[0] -= 1
        if not remaining[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)


def sealer_steps() -> dict[str, Callable[[], None]]:
    from recordings.proof.sealing import batch, seal, service
    from recordings.proof.sealing.batch import Batch
    from recordings.proof.sealing.signing import Signing

    return {
        "counted": lambda: die_after(service, "load"),
        "locked": lambda: die_after(seal, "lock"),
        "read": lambda: die_after(seal, "unsealed"),
        "manifest written": lambda: die_after(batch, "write_log_event"),
        "copied": lambda: die_after(Batch, "grow_tree"),
        "saved": lambda: die_after(Batch, "save"),
        "committed": lambda: die_after(Batch, "adopt"),
        "signed": lambda: die_after(Signing, "_ask"),
        "kept": lambda: die_after(Signing, "publish"),
    }


SEALER_STEPS = (
    "counted", "locked", "read", "manifest written", "copied", "saved", "committed", "signed", "kept",
)  # fmt: skip
SIGNER_STEPS = ("asked", "remembered")


def main(step: str, arguments: list[str]) -> None:
    if step in SIGNER_STEPS:
        from recordings.tlog import signer
        from recordings.tlog.cosigner import Cosigner
        from recordings.tlog.state import State

        die_after(*((Cosigner, "_check_consistency") if step == "asked" else (State, "put")))
        signer.main(arguments)
        return
    import django

    django.setup()
    from django.core.management import call_command

    sealer_steps()[step]()
    call_command("seal_trail", "--once")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
