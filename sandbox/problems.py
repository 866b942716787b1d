"""What can be wrong with a request to the admin API, said so that the caller can mend it."""

from __future__ import annotations


class BadInputError(Exception):
    """A field of an admin request has a value that makes no sense; becomes a 400 that names both."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(f"{field}: {message} (got {value!r})")
        self.field = field
        self.value = value
        self.message = message


class NotFoundError(Exception):
    """The thing asked for does not exist; becomes a 404."""
