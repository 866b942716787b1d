"""What NetSuite keeps; quantities are decimal text in the unit of their line."""

from __future__ import annotations

from typing import Final

NETSUITE_DDL: Final = """
CREATE TABLE IF NOT EXISTS nsOrder (
  id INTEGER PRIMARY KEY, tranid TEXT, approval TEXT, exported INTEGER, created INTEGER, modified INTEGER,
  version INTEGER, exportedVersion INTEGER);
CREATE INDEX IF NOT EXISTS nsOrder_version ON nsOrder (id) WHERE version > exportedVersion;
CREATE TABLE IF NOT EXISTS nsLine (
  orderId INTEGER, line INTEGER, uniqueKey INTEGER UNIQUE, item TEXT, quantity TEXT, unit TEXT, unitRate TEXT,
  location TEXT, expected TEXT, closed INTEGER, billed TEXT, PRIMARY KEY (orderId, line));
CREATE TABLE IF NOT EXISTS nsReceipt (
  id INTEGER PRIMARY KEY, orderId INTEGER, externalId TEXT UNIQUE, tranDate TEXT, memo TEXT, origin TEXT, at INTEGER);
CREATE INDEX IF NOT EXISTS nsReceipt_order ON nsReceipt (orderId);
CREATE TABLE IF NOT EXISTS nsReceiptLine (
  receiptId INTEGER, orderId INTEGER, line INTEGER, quantity TEXT, PRIMARY KEY (receiptId, line));
CREATE INDEX IF NOT EXISTS nsReceiptLine_order ON nsReceiptLine (orderId, line);
CREATE TABLE IF NOT EXISTS nsFault (id INTEGER PRIMARY KEY, definition TEXT, fired INTEGER);
CREATE TABLE IF NOT EXISTS nsRun (id INTEGER PRIMARY KEY, at INTEGER, script TEXT, kind TEXT, error TEXT, report TEXT);
"""

NETSUITE_TABLES: Final = ("nsOrder", "nsLine", "nsReceipt", "nsReceiptLine", "nsFault", "nsRun")
"""What a reset empties."""
