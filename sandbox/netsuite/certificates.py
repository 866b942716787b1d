"""Certificates of the machine-to-machine setup: registered, revoked, and what their role may do."""

# ruff: noqa: N815 - these are the admin API's field names

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import now_ms
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from sandbox.database import Database, Row

PERMISSIONS: Final = (
    *("TRAN_PURCHORD", "TRAN_PURCHORDRECEIVE", "TRAN_ITEMRCPT", "TRAN_FIND", "LIST_ITEM", "LIST_LOCATION"),
    *("LIST_UNIT", "LIST_VENDOR", "ADMI_RESTWEBSERVICES", "ADMI_LOGIN_OAUTH2", "REPO_ANALYTICS"),
)
"""What a role of an integration needs, and has unless told otherwise (reference netsuite.md 7)."""

_STRICT = ConfigDict(extra="forbid")
_RSA_BITS: Final = (3072, 4096)
_CURVES: Final = {256: "ES256", 384: "ES384", 521: "ES512"}
_RSA_ALGORITHMS: Final = ("PS256", "PS384", "PS512")
_LONGEST: Final = timedelta(days=731)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class CertificateSeed(BaseModel):
    """A certificate for one integration and role: X.509 or a bare public key, in PEM."""

    model_config = _STRICT
    certificateId: Annotated[str, Field(min_length=1)] | None = None
    clientId: Annotated[str, Field(min_length=1)]
    certificate: str
    permissions: list[str] = list(PERMISSIONS)


class CertificateChange(BaseModel):
    """Other permissions for a certificate's role."""

    model_config = _STRICT
    permissions: list[str]


@dataclass(frozen=True)
class Certificate:
    """A registered certificate with its public key."""

    id: str
    client_id: str
    key: PublicKey
    valid_until: int | None
    revoked: int | None
    permissions: frozenset[str]

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The signatures that may come from its key (reference netsuite.md 10)."""
        return _RSA_ALGORITHMS if isinstance(self.key, rsa.RSAPublicKey) else (_CURVES[self.key.curve.key_size],)


def register(database: Database, seed: CertificateSeed) -> str:
    """Add a certificate and return its id, which is the `kid` of assertions.

    Raises:
        BadInputError: The id is taken, or the certificate is none that NetSuite takes.
    """
    certificate_id = seed.certificateId or secrets.token_urlsafe(32)
    if database.row("SELECT 1 FROM nsCertificate WHERE id = ?", (certificate_id,)):
        raise BadInputError("certificateId", certificate_id, "is taken")
    key, valid_until = _read(seed.certificate)
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    row = {
        "id": certificate_id,
        "clientId": seed.clientId,
        "key": key.public_bytes(serialization.Encoding.PEM, public).decode(),
        "permissions": json.dumps(seed.permissions),
        "validUntil": valid_until,
        "revoked": None,
    }
    database.insert("nsCertificate", row)
    return certificate_id


def change(database: Database, certificate_id: str, wanted: CertificateChange) -> None:
    """Give the role of a certificate other permissions, from the next call on.

    Raises:
        NotFoundError: There is no such certificate.
    """
    sql = "UPDATE nsCertificate SET permissions = ? WHERE id = ?"
    if not database.run(sql, (json.dumps(wanted.permissions), certificate_id)):
        raise NotFoundError(f"there is no certificate {certificate_id}")


def revoke(database: Database, certificate_id: str) -> None:
    """Revoke a certificate: no new tokens; those issued live on until they expire.

    Raises:
        NotFoundError: There is no such certificate.
    """
    sql = "UPDATE nsCertificate SET revoked = coalesce(revoked, ?) WHERE id = ?"
    if not database.run(sql, (now_ms(), certificate_id)):
        raise NotFoundError(f"there is no certificate {certificate_id}")


def find_certificate(database: Database, certificate_id: object) -> Certificate | None:
    """Return a certificate, a revoked one too, or nothing."""
    row = database.row("SELECT * FROM nsCertificate WHERE id = ?", (str(certificate_id),))
    if row is None:
        return None
    key = serialization.load_pem_public_key(row["key"].encode())
    if not isinstance(key, PublicKey):
        raise TypeError(f"certificate {row['id']} was stored with another kind of key")
    permissions = frozenset(json.loads(row["permissions"]))
    return Certificate(row["id"], row["clientId"], key, row["validUntil"], row["revoked"], permissions)


def shown(database: Database) -> list[Row]:
    """Return every certificate as the admin API shows it."""
    return [
        {
            "certificateId": row["id"],
            "clientId": row["clientId"],
            "permissions": json.loads(row["permissions"]),
            "validUntil": row["validUntil"],
            "revoked": row["revoked"],
        }
        for row in database.rows("SELECT * FROM nsCertificate ORDER BY rowid")
    ]


def _read(pem: str) -> tuple[PublicKey, int | None]:
    """Return the public key and the moment at which the certificate ends."""
    try:
        if "BEGIN CERTIFICATE" not in pem:
            return _checked(serialization.load_pem_public_key(pem.encode())), None
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInputError("certificate", pem[:40], f"is no certificate or public key in PEM: {error}") from error
    if certificate.not_valid_after_utc - certificate.not_valid_before_utc > _LONGEST:
        raise BadInputError("certificate", pem[:40], "is valid for more than two years")
    return _checked(certificate.public_key()), int(certificate.not_valid_after_utc.timestamp() * 1000)


def _checked(key: object) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size in _CURVES:
        return key
    raise BadInputError("certificate", type(key).__name__, "must be RSA of 3072 or 4096 bits, or EC of 256, 384 or 521")
