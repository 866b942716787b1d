"""How screens write tables, ages and amounts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich.table import Table

from operators.cli.visible import Text


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; columns that start with `>` are numbers. Cells are shown as they are, without markup."""
    made = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    return made


def shown(value: object) -> str:
    """A value as a cell of a table."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%SZ")
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


def age(since: datetime | None) -> str:
    """How long ago, in the two largest units."""
    if since is None:
        return ""
    seconds = max(0, int((datetime.now(UTC) - since).total_seconds()))
    steps = [("d", seconds // 86_400), ("h", seconds // 3_600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((at for at, (_, number) in enumerate(steps) if number), len(steps) - 1)
    return " ".join(f"{number}{unit}" for unit, number in steps[first : first + 2])


def warning(text: str) -> Text:
    """A line that stands out."""
    return Text(text, style="bold yellow")


def wrong(text: str) -> Text:
    """A line that says that something is not right."""
    return Text(text, style="bold red")


def right(text: str) -> Text:
    """A line that says that all is well."""
    return Text(text, style="green")
