"""The base of every model in the domain: immutable, and strict about unknown fields."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable model that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment that UTC can tell expected") from None


Moment = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A point in time: aware, and UTC inside."""
