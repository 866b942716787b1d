"""Key pairs, made once for all tests: a key of 3072 bits takes a moment."""

import functools
import ssl
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_SECP256R1, _SM2 = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a811ccf5501822d")
"""Two curves as DER names them."""


@functools.cache
def _pair(number: int) -> rsa.RSAPrivateKey:
    del number
    return rsa.generate_private_key(65537, 3072)


def private_pem(number: int = 1, passphrase: str | None = None) -> bytes:
    """A private key, the same for each number."""
    sealed = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return _pair(number).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


def public_pem(number: int = 1) -> str:
    """Its public half, as NetSuite gets it."""
    public = _pair(number).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form).decode()


def another_pem() -> bytes:
    """A private key that no certificate belongs to."""
    sealed, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    return rsa.generate_private_key(65537, 3072).private_bytes(serialization.Encoding.PEM, form, sealed)


def unknown_pem() -> bytes:
    """A private key on a curve that is not known here, as `openssl genpkey -algorithm sm2` makes one."""
    form, sealed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    known = ec.generate_private_key(ec.SECP256R1()).private_bytes(serialization.Encoding.DER, form, sealed)
    return ssl.DER_cert_to_PEM_cert(known.replace(_SECP256R1, _SM2)).replace("CERTIFICATE", "PRIVATE KEY").encode()


def write_key(folder: Path, number: int = 1) -> Path:
    """A file with a private key."""
    file = folder / f"key{number}.pem"
    file.write_bytes(private_pem(number))
    return file
