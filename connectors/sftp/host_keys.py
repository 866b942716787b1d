"""Whether a server is the one that is meant: its key is pinned, or nothing is sent to it."""

from collections.abc import Sequence
from pathlib import Path

import paramiko

from connectors.sftp.errors import ChangedHostKey, UnknownHostKey
from connectors.sftp.settings import SftpSettings

_OPERATION = "connect"
_RSA = "ssh-rsa"
_WORDS = 3
"""Of a line in known_hosts: host, kind and key; a marker would stand before them."""
_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")


def pinned_keys(system: str, settings: SftpSettings) -> tuple[str, ...]:
    """The keys that the server may show, each as type and base64.

    Raises:
        UnknownHostKey: there are none, or their file cannot be read.
    """
    if settings.known_hosts is None:
        return settings.host_keys
    try:
        return _from_file(settings.known_hosts, _entry(settings))
    except (OSError, ValueError) as error:
        raise UnknownHostKey(system, _OPERATION, f"known_hosts cannot be read ({error}); mend the file") from None


def preferred_types(pinned: Sequence[str], offered: Sequence[str]) -> tuple[str, ...]:
    """The kinds of host key in the order to ask for them: pinned ones first, so that the server shows one of them."""
    types = {key.split()[0] for key in pinned}
    wanted = [name for name in offered if name in types or (_RSA in types and name in _RSA_SIGNATURES)]
    return tuple(dict.fromkeys([*wanted, *offered]))


def check_host_key(system: str, settings: SftpSettings, pinned: Sequence[str], shown: paramiko.PKey) -> None:
    """Nothing where the shown key is pinned.

    Raises:
        UnknownHostKey, ChangedHostKey: it is not; the message says what to do.
    """
    if f"{shown.get_name()} {shown.get_base64()}" in pinned:
        return
    where, scan = f"{settings.host}:{settings.port}", f"ssh-keyscan -p {settings.port} {settings.host}"
    seen = f"it shows {shown.get_name()} {shown.fingerprint}"
    if not pinned:
        raise UnknownHostKey(
            system,
            _OPERATION,
            f"no host key of {where} is pinned, and {seen}; run `{scan}`, compare with what the server's owner"
            " tells you by another way, then put the line (without its first word) into host_keys, or the whole line"
            " into the known_hosts file; nothing was sent",
        )
    raise ChangedHostKey(
        system,
        _OPERATION,
        f"{where} is not the pinned server: {seen}, which is none of the {len(pinned)} pinned; ask its owner"
        f" whether the key was changed: if so, run `{scan}`, compare, and replace the line in {_place(settings)}; if"
        " not, somebody stands in between; nothing was sent",
    )


def _place(settings: SftpSettings) -> str:
    return f"the known_hosts file {settings.known_hosts}" if settings.known_hosts else "host_keys"


def _entry(settings: SftpSettings) -> str:
    default = 22
    return settings.host if settings.port == default else f"[{settings.host}]:{settings.port}"


def _from_file(path: Path, entry: str) -> tuple[str, ...]:
    """The keys of one host in a known_hosts file, hashed names included; what the file revokes is left out."""
    lines = [line.split() for line in path.read_text().splitlines()]
    revoked = {words[3] for words in lines if words[:1] == ["@revoked"] and len(words) >= _WORDS + 1}
    entries = [words for words in lines if len(words) >= _WORDS and not words[0].startswith(("#", "@"))]
    return tuple(
        f"{kind} {key}" for names, kind, key, *_ in entries if key not in revoked and _names_host(names, entry)
    )


def _names_host(names: str, entry: str) -> bool:
    return any(
        name == entry or (name.startswith("|1|") and paramiko.HostKeys.hash_host(entry, name) == name)
        for name in names.split(",")
    )
