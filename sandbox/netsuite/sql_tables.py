"""The tables that SuiteQL knows, column by column, and what their columns hold (reference netsuite.md 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ORDER, RECEIPT = "PurchOrd", "ItemRcpt"
"""Types of transactions."""


@dataclass(frozen=True)
class Table:
    """A table: its columns by kind, and the permission without which it does not exist."""

    numbers: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    coded: tuple[str, ...] = ()
    """Columns to be filtered by BUILTIN.CF only; `x_cf_<name>` holds its value."""
    labeled: tuple[str, ...] = ()
    """Columns of which BUILTIN.DF gives a label; `x_df_<name>` holds it."""
    permission: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a query may name."""
        return (*self.numbers, *self.text, *self.dates, *self.moments)

    def ddl(self, name: str) -> str:
        """Return the statement that makes the table."""
        hidden = [f"x_cf_{column}" for column in self.coded] + [f"x_df_{column}" for column in self.labeled]
        parts = [f'"{column}" NUMERIC' for column in (*self.numbers, "x_order")]
        parts += [f'"{column}" TEXT' for column in (*self.text, *self.dates, *self.moments, *hidden, "x_type")]
        return f'CREATE TABLE "{name}" ({", ".join(parts)})'


TABLES: Final = {
    "transaction": Table(
        numbers=("id", "approvalstatus", "entity"),
        text=("tranid", "type", "status", "externalid", "memo"),
        dates=("trandate",),
        moments=("createddate", "lastmodifieddate"),
        coded=("status",),
        labeled=("status", "approvalstatus", "entity", "type"),
        permission="TRAN_FIND",
    ),
    "transactionline": Table(
        numbers=(
            *("transaction", "id", "uniquekey", "linesequencenumber", "item", "quantity", "quantityshiprecv"),
            *("quantitybilled", "units", "location", "subsidiary", "createdfrom"),
        ),
        text=("mainline", "taxline", "isclosed"),
        dates=("expectedreceiptdate",),
        labeled=("item", "units"),
        permission="TRAN_FIND",
    ),
    "item": Table(numbers=("id", "unitstype"), text=("itemid",), permission="LIST_ITEM"),
    "unitstypeuom": Table(
        numbers=("internalid", "unitstype", "conversionrate"),
        text=("unitname", "abbreviation", "baseunit"),
        permission="LIST_UNIT",
    ),
    "location": Table(numbers=("id",), text=("name",), permission="LIST_LOCATION"),
    "vendor": Table(numbers=("id",), text=("entityid",), permission="LIST_VENDOR"),
}

TYPE_PERMISSIONS: Final = {ORDER: "TRAN_PURCHORD", RECEIPT: "TRAN_ITEMRCPT"}
"""Whoever lacks it does not see the transactions of a type."""
