"""What can go wrong with NetSuite over REST and nowhere else."""

from connectors.errors import ConnectorError


class LinesChanged(ConnectorError):  # noqa: N818 - the vocabulary of connectors.errors
    """The purchase order has other open lines than the receipt names, so nothing was sent.

    A line that is open and not named would be received in full (netsuite 8). Read the purchase order again and promise
    the receipt anew; one that is in doubt keeps its body, and is looked up until it shows.
    """
