"""Reading a `multipart/form-data` body, with bounds on everything that a caller chooses."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

_MAX_PARTS = 16
_MAX_HEAD = 8192
_MAX_BOUNDARY = 70


class MultipartError(Exception):
    """The body is no form that can be read."""


@dataclass(frozen=True)
class Part:
    """One field of a form."""

    name: str
    file_name: str | None
    body: bytes


def parts_of(content_type: str, body: bytes) -> dict[str, Part]:
    """Return a form's fields by name.

    Raises:
        MultipartError: The content type is another, or the body does not keep to its boundary.
    """
    mark = b"\r\n--" + _boundary(content_type)
    pieces = (b"\r\n" + body).split(mark, _MAX_PARTS + 2)
    if len(pieces) > _MAX_PARTS + 2:
        raise MultipartError(f"the form has more than {_MAX_PARTS} parts")
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004 - preamble, one part, the end
        raise MultipartError("the form has no part, or does not end")
    found = [_part(piece) for piece in pieces[1:-1]]
    return {part.name: part for part in found}


def _boundary(content_type: str) -> bytes:
    header = _header("content-type", content_type)
    boundary = header.get_param("boundary", header="content-type")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise MultipartError("the content type must be multipart/form-data with a boundary")
    if not 0 < len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise MultipartError(f"the boundary must have 1 to {_MAX_BOUNDARY} ASCII characters")
    return boundary.encode()


def _part(piece: bytes) -> Part:
    head, separator, body = piece.partition(b"\r\n\r\n")
    if not separator or not head.startswith(b"\r\n") or len(head) > _MAX_HEAD:
        raise MultipartError("a part has no head, or one that is too long")
    disposition = ""
    for line in head.decode(errors="replace").split("\r\n"):
        field, _, value = line.partition(":")
        disposition = value.strip() if field.strip().lower() == "content-disposition" else disposition
    header = _header("content-disposition", disposition)
    name, file_name = (header.get_param(key, header="content-disposition") for key in ("name", "filename"))
    if not isinstance(name, str):
        raise MultipartError("a part has no name")
    return Part(name, file_name if isinstance(file_name, str) else None, body)


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.replace("\r", "").replace("\n", "")
    return message
