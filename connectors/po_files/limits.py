"""What bounds a file that somebody else writes."""

from domain.base import Frozen


class FileLimits(Frozen):
    """How much is held in memory at once, whatever the file's size; more is refused or told, never taken."""

    line_bytes: int = 16_384
    """The longest line of a purchase order file."""
    batch_rows: int = 2_000
    """Rows that are validated, and may be committed, together."""
    bad_rows: int = 10_000
    """Bad rows of one file, which are kept until it is read: as many as their report lists."""
    po_lines: int = 20_000
    """Lines of one purchase order."""
    document_bytes: int = 10 * 1024 * 1024
    """The largest file that is read in one piece: answers, error files, receipt files."""


DEFAULT_LIMITS = FileLimits()


class ReceiptLimits(Frozen):
    """How large one receipt file gets.

    NetSuite's `File.getContents` ends at 10 MB. The stock importer has 10,000 units for all files of a run and spends
    120 on each file, 100 more where it has errors to write, and 30 on each receipt, without looking what is left
    (hotwax 4.7, 12): 60 receipts cost 2,020 at most, so that four such files fit in a run.
    """

    file_bytes: int = 5 * 1024 * 1024
    entries: int = 60
