# ruff: noqa: N818 - as in connectors.errors: the names are kinds of trouble
"""What else can go wrong with files on an SFTP server, beside the tree that all connectors share."""

from connectors.errors import ConnectorError, Rejected, Unreachable


class HostKeyRefused(ConnectorError):
    """The server did not prove to be the one that is meant; nothing was sent, no password either. Never retry."""


class UnknownHostKey(HostKeyRefused):
    """No key of this server is pinned."""


class ChangedHostKey(HostKeyRefused):
    """The server shows another key than the pinned ones."""


class ServerFailed(Unreachable):
    """The server tried and failed, and goes on answering: a full disk or a quota, or trouble with one file alone.

    Nothing was published or moved; safe to retry.
    """


class FileChanged(Unreachable):
    """A file grew, shrank or was rewritten while it was read: it was not complete. Take it again later."""


class StrangeFile(ConnectorError):
    """A file that only we send, or an answer to one, and our books do not have it: they are not the ones that did."""


class NameTaken(Rejected):
    """Another file with other bytes lies under the name: it was not overwritten."""
