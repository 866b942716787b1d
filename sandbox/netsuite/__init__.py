"""NetSuite as its scheduled scripts look from outside: purchase orders, item receipts, and files over SFTP."""
