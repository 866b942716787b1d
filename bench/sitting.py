"""One sitting of a benchmark: measure in a folder of its own, keep the figures, show them."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.results import Figures, Targets, table
from bench.waiting import VoidError, say


def hold(measure: Callable[[Path], Figures], keep: Callable[[Figures], Path], targets: Targets) -> int:
    """The exit status of the sitting: 1 when a measurement was void, 130 when it was stopped, and nothing is kept then.

    `measure` works in the folder it is given, `keep` says where it wrote the figures.
    """
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
            figures = measure(Path(folder))
    except KeyboardInterrupt:
        say("stopped; nothing was written")
        return 130
    except (VoidError, RuntimeError, subprocess.TimeoutExpired) as error:
        say(f"void: {error}")
        return 1
    kept = keep(figures)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{table(figures, targets)}\n")
    say(f"written to {kept}")
    return 0


def into(file: Path) -> Callable[[Figures], Path]:
    """Keeps figures in this file, in the place of what it has."""

    def keep(figures: Figures) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return file

    return keep
