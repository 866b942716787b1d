"""The bare parts, each alone in a process of its own: `python -m bench.po_parts pydantic|insert|transfer TASK`.

Each has done its work for a small file before it is timed.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import insert

from bench.po_file import rows_in
from bench.po_task import Task, Took, answer, task_given, timed
from connectors.po_files.formats import WAYBILL
from connectors.po_files.limits import DEFAULT_LIMITS
from connectors.sftp.client import SftpServer
from ledger.database import Ledger
from ledger.migrate import migrate
from ledger.po_tables import StagedRow

Staged = dict[str, Any]
"""A row of the table where the flow keeps rows."""


def pydantic_alone(task: Task) -> Took:
    """Every cell of every row, cut apart beforehand, against the types that the flow gives its columns."""
    row = tuple.__class_getitem__(tuple(column.kind for column in WAYBILL.columns))
    adapter: TypeAdapter[object] = TypeAdapter(list[row])  # type: ignore[valid-type]
    warm, rows = ([row.split(",") for row in rows_in(file)] for file in (task.warm_file, task.file))
    adapter.validate_python(warm)
    batches = _batches(rows)
    return timed(lambda: [adapter.validate_python(batch) and None for batch in batches])


def insert_alone(task: Task) -> Took:
    """Every row into the table where the flow keeps rows, a transaction for as many as the flow checks at once."""
    ledger = Ledger(f"{task.settings['ledger_url']}-insert")
    migrate(ledger)
    statement = insert(StagedRow)
    warm, batches = (_batches(_staged(number, file)) for number, file in enumerate((task.warm_file, task.file)))

    def insert_all(batches: Iterable[Sequence[Staged]]) -> None:
        for batch in batches:
            with ledger.statements() as connection:
                connection.execute(statement, batch)

    insert_all(warm)
    took = timed(lambda: insert_all(batches))
    ledger.close()
    return took


def _staged(file_id: int, file: Path) -> list[Staged]:
    return [
        {"file_id": file_id, "number": number, "po_id": row.partition(",")[0], "body": row}
        for number, row in enumerate(rows_in(file), 2)
    ]


def transfer_alone(task: Task) -> Took:
    """The file from the server, connection and login included, its bytes thrown away."""
    sftp = task.sftp
    server, folder = SftpServer("the bench's server", sftp), sftp.folders.orders.path

    def fetch() -> None:
        with server.session() as session:
            for file in session.list_folder(folder).files:
                with session.read(folder, file) as stream:
                    for _ in stream:
                        pass

    warm = task.warm_file_comes()
    fetch()
    warm.unlink()
    task.file_comes()
    return timed(fetch)


T = TypeVar("T")

PARTS: dict[str, Callable[[Task], Took]] = {
    "pydantic": pydantic_alone,
    "insert": insert_alone,
    "transfer": transfer_alone,
}


def _batches(rows: Sequence[T]) -> list[list[T]]:
    size, left = DEFAULT_LIMITS.batch_rows, iter(rows)
    return list(iter(lambda: list(islice(left, size)), []))


if __name__ == "__main__":
    answer(PARTS[sys.argv[1]](task_given()))
