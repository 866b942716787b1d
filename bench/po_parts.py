"""The bare parts, each alone in a process of its own: `python -m bench.po_parts pydantic|insert|transfer TASK`."""

import sys
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

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


def pydantic_alone(task: Task) -> Took:
    """Every cell of every row, cut apart beforehand, against the types that the flow gives its columns."""
    row = tuple.__class_getitem__(tuple(column.kind for column in WAYBILL.columns))
    adapter: TypeAdapter[object] = TypeAdapter(list[row])  # type: ignore[valid-type]
    batches = _batches([row.split(",") for row in rows_in(task.file)])
    return timed(lambda: [adapter.validate_python(batch) and None for batch in batches])


def insert_alone(task: Task) -> Took:
    """Every row into the table where the flow keeps rows, a transaction for as many as the flow checks at once."""
    ledger = Ledger(f"{task.settings['ledger_url']}-insert")
    migrate(ledger)
    rows = [
        {"file_id": 1, "number": number, "po_id": row.partition(",")[0], "body": row}
        for number, row in enumerate(rows_in(task.file), 2)
    ]
    statement, batches = insert(StagedRow), _batches(rows)

    def insert_all() -> None:
        for batch in batches:
            with ledger.statements() as connection:
                connection.execute(statement, batch)

    took = timed(insert_all)
    ledger.close()
    return took


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
