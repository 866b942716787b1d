"""How the `waybill` command ends: its exit codes, and the errors that an operator reads."""

from enum import IntEnum

from sqlalchemy.exc import DBAPIError

from connectors.errors import ConnectorError
from ledger.budget import BudgetExhaustedError
from ledger.database import LedgerUnavailableError
from ledger.migrate import SchemaOutdatedError
from operators.set_up import SetUpError
from operators.settings import ConfigurationError
from operators.temporal_release import TemporalUnavailableError
from operators.temporal_server import TemporalStartError


class Exit(IntEnum):
    """Every exit code of the `waybill` command."""

    FINE = 0
    NOT_RIGHT = 1
    USAGE = 2
    REFUSED = 3
    OUT_OF_REACH = 4
    NOT_FOUND = 5


MEANINGS: dict[Exit, str] = {
    Exit.FINE: "fine",
    Exit.NOT_RIGHT: "something is not as it should be: a difference, an unmet condition, a defect",
    Exit.USAGE: "wrong usage or configuration",
    Exit.REFUSED: "the command was understood and refused",
    Exit.OUT_OF_REACH: "a remote system, Temporal, a worker or the ledger is out of reach",
    Exit.NOT_FOUND: "no such order, purchase order, hold or schedule",
}


class Trouble(Exception):  # noqa: N818 - reads as what it is to an operator
    """An expected end that is not the wished one: what happened and what to do, in words for an operator."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


_CODES: dict[type[Exception], Exit] = {
    ConfigurationError: Exit.USAGE,
    SchemaOutdatedError: Exit.USAGE,
    LedgerUnavailableError: Exit.OUT_OF_REACH,
    BudgetExhaustedError: Exit.OUT_OF_REACH,
    ConnectorError: Exit.OUT_OF_REACH,
    SetUpError: Exit.OUT_OF_REACH,
    TemporalUnavailableError: Exit.OUT_OF_REACH,
    TemporalStartError: Exit.OUT_OF_REACH,
}


def as_trouble(error: Exception) -> Trouble:
    """The error in words for an operator, with its exit code; an unexpected one is named as a defect."""
    if isinstance(error, Trouble):
        return error
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)
    if code is not None:
        return Trouble(code, str(error))
    if isinstance(error, DBAPIError):
        # Its own text has the statement with its values, which may be personal data.
        reason = str(error.orig).splitlines()[0]
        return Trouble(Exit.OUT_OF_REACH, f"the ledger did not answer: {reason}. Check ledger_url or DATABASE_URL")
    return Trouble(Exit.NOT_RIGHT, f"unexpected {type(error).__name__}: run it again with --debug, and report it")
