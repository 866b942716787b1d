"""NetSuite over REST: purchase orders by SuiteQL, item receipts by transform, with OAuth 2.0 client credentials."""
