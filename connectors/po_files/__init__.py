"""The files that purchase orders and receipts travel in: reading and writing them, without moving them anywhere.

`reading` takes a purchase order CSV apart in constant memory, `assembly` makes whole purchase orders of its rows,
`import_csv` writes what HotWax imports and reads what it refused, `receipts` writes and reads receipt files, `ack`
reads our importer's answers, `stock_errors` those of the stock importer. Formats: docs/purchase-order-files.md.
"""
