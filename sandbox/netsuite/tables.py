"""What NetSuite keeps; quantities are decimal text in the unit of their line, times epoch milliseconds."""

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
CREATE TABLE IF NOT EXISTS nsExpense (orderId INTEGER, line INTEGER, closed INTEGER, PRIMARY KEY (orderId, line));
CREATE TABLE IF NOT EXISTS nsReceipt (
  id INTEGER PRIMARY KEY, orderId INTEGER, externalId TEXT UNIQUE, tranDate TEXT, memo TEXT, origin TEXT, at INTEGER);
CREATE INDEX IF NOT EXISTS nsReceipt_order ON nsReceipt (orderId);
CREATE TABLE IF NOT EXISTS nsReceiptLine (
  receiptId INTEGER, orderId INTEGER, line INTEGER, quantity TEXT, PRIMARY KEY (receiptId, line));
CREATE INDEX IF NOT EXISTS nsReceiptLine_order ON nsReceiptLine (orderId, line);
CREATE TABLE IF NOT EXISTS nsHidden (receiptId INTEGER PRIMARY KEY, until INTEGER);
CREATE TABLE IF NOT EXISTS nsItem (id INTEGER PRIMARY KEY, sku TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS nsUnit (id INTEGER PRIMARY KEY, name TEXT, rate TEXT, UNIQUE (name, rate));
CREATE TABLE IF NOT EXISTS nsCertificate (
  id TEXT PRIMARY KEY, clientId TEXT, key TEXT, permissions TEXT, validUntil INTEGER, revoked INTEGER);
CREATE TABLE IF NOT EXISTS nsToken (token TEXT PRIMARY KEY, certificateId TEXT, scopes TEXT, expires INTEGER);
CREATE TABLE IF NOT EXISTS nsJob (
  id INTEGER PRIMARY KEY, idempotencyKey TEXT UNIQUE, request TEXT, started INTEGER, ended INTEGER, status INTEGER,
  location TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS nsChange (orderId INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS nsOrder_made AFTER INSERT ON nsOrder
  BEGIN INSERT OR IGNORE INTO nsChange VALUES (NEW.id); END;
CREATE TRIGGER IF NOT EXISTS nsOrder_changed AFTER UPDATE ON nsOrder
  BEGIN INSERT OR IGNORE INTO nsChange VALUES (NEW.id); END;
CREATE TRIGGER IF NOT EXISTS nsOrder_deleted AFTER DELETE ON nsOrder
  BEGIN INSERT OR IGNORE INTO nsChange VALUES (OLD.id); END;
CREATE TABLE IF NOT EXISTS nsFault (id INTEGER PRIMARY KEY, definition TEXT, fired INTEGER);
CREATE TABLE IF NOT EXISTS nsRun (id INTEGER PRIMARY KEY, at INTEGER, script TEXT, kind TEXT, error TEXT, report TEXT);
"""

NETSUITE_TABLES: Final = (
    *("nsOrder", "nsLine", "nsReceipt", "nsReceiptLine", "nsHidden", "nsItem", "nsUnit", "nsCertificate", "nsToken"),
    *("nsExpense", "nsJob", "nsChange", "nsFault", "nsRun"),
)
"""What a reset empties."""
