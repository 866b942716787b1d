"""The books: what Waybill has seen, promised and done, on SQLite or PostgreSQL."""
