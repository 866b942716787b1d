"""What the bench of purchase order files found, as figures."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

from bench.po_task import RealRun, Took
from bench.results import Figures, Targets, machine, versions
from domain.base import Frozen

PACKAGES = ("paramiko", "pydantic", "pydantic-core", "sqlalchemy", "sqlmodel", "temporalio")
TARGETS: Targets = {
    "ratio_to_parts": ("<=", 2.0),
    "peak_rss_mb_100k": ("<=", 200),
    "peak_rss_mb_1m": ("<=", 200),
    "peak_rss_ratio": ("<=", 1.1),
}
"""What each figure must reach, at full size."""


class Round(Frozen):
    """The real thing and its bare parts, measured one after the other."""

    real: RealRun
    pydantic: Took
    insert: Took
    transfer: Took

    @property
    def ratio(self) -> float:
        """Seconds of the real thing for each second of its parts."""
        return self.real.took.wall_s / sum(part.wall_s for part in self._parts)

    @property
    def cpu_ratio(self) -> float:
        """The same of the processor's seconds."""
        return self.real.took.cpu_s / sum(part.cpu_s for part in self._parts)

    @property
    def _parts(self) -> tuple[Took, ...]:
        return self.pydantic, self.insert, self.transfer

    def __str__(self) -> str:
        """What it came to, on one line."""
        parts = ", ".join(f"{part.wall_s:.2f}" for part in self._parts)
        return (
            f"{self.real.took.wall_s:.2f} s beside {parts} (pydantic, insert, transfer): {self.ratio:.2f}; "
            f"dispatch {self.real.dispatch.wall_s:.1f} s, peak {self.real.peak_rss_mb:.0f} MB"
        )


def figures_of(small: Sequence[Round], large: Sequence[Round]) -> Figures:
    """Medians of the rounds; memory is the highest of any."""
    peaks = [max(each.real.peak_rss_mb for each in rounds) for rounds in (small, large)]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "lines": small[0].real.rows,
        "lines_1m": large[0].real.rows,
        **_of_size(small, ""),
        **_of_size(large, "_1m"),
        "peak_rss_mb_100k": peaks[0],
        "peak_rss_mb_1m": peaks[1],
        "peak_rss_ratio": round(peaks[1] / peaks[0], 3),
        "machine": machine(),
        "versions": versions(PACKAGES),
        "rounds": [each.model_dump() for each in small],
        "rounds_1m": [each.model_dump() for each in large],
    }


def _of_size(rounds: Sequence[Round], suffix: str) -> Figures:
    def middle(figure: Callable[[Round], float]) -> float:
        return round(median(map(figure, rounds)), 3)

    figures = {
        "rows_per_s": round(middle(lambda each: each.real.rows / each.real.took.wall_s)),
        "ratio_to_parts": middle(lambda each: each.ratio),
        "cpu_ratio_to_parts": middle(lambda each: each.cpu_ratio),
        "transfer_s": middle(lambda each: each.real.transfer_s),
        "validate_s": middle(lambda each: each.real.validate_s),
        "commit_s": middle(lambda each: each.real.commit_s),
        "dispatch_s": middle(lambda each: each.real.dispatch.wall_s),
        "cpu_s": middle(lambda each: each.real.took.cpu_s),
        "pydantic_alone_s": middle(lambda each: each.pydantic.wall_s),
        "insert_alone_s": middle(lambda each: each.insert.wall_s),
        "transfer_alone_s": middle(lambda each: each.transfer.wall_s),
    }
    return {f"{name}{suffix}": value for name, value in figures.items()}
