"""The proof of single orders: HotWax against the ledger, what the ledger never saw, what is in doubt."""
