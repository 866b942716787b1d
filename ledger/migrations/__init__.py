"""The ledger's schema, step by step; every step runs on SQLite and PostgreSQL."""
