"""What can go wrong with NetSuite over REST and nowhere else."""

from connectors.errors import ConnectorError, Contract


class BadRecord(Contract):
    """One record of NetSuite's makes no sense; what else makes none, as a page of maintenance, is the account's."""


class LinesChanged(ConnectorError):  # noqa: N818 - the vocabulary of connectors.errors
    """The purchase order has other open lines than the receipt names, or is not there, so nothing was sent.

    A line that is open and not named would be received in full (netsuite 8). Read the purchase order again and promise
    the receipt anew. `may_be_ours` says that lines which it receives have other goods than when it was promised, or
    that nobody can tell: where an earlier sending is in doubt, that may be what it made.
    """

    def __init__(self, system: str, operation: str, message: str, *, may_be_ours: bool) -> None:
        super().__init__(system, operation, message)
        self.may_be_ours = may_be_ours


class ReceiptGone(LinesChanged):
    """An item receipt that was made is not there any more: it was deleted, and its lines are open again."""

    def __init__(self, system: str, operation: str, message: str) -> None:
        super().__init__(system, operation, message, may_be_ours=False)
