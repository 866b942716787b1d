"""Waybill's own metrics; the worker serves them beside the SDK's."""

from prometheus_client import Counter, Gauge, Histogram

EFFECTS = Counter("waybill_effects", "Remote writes by what they came to", ["system", "kind", "result"])
CALLS = Counter("waybill_remote_calls", "Calls to remote systems by result", ["system", "operation", "result"])
CALL_SECONDS = Histogram("waybill_remote_call_seconds", "Time of calls to remote systems", ["system", "operation"])
ORDERS = Gauge("waybill_orders", "Orders by stage", ["tenant", "stage"])
HOLDS = Gauge("waybill_holds", "Held orders by cause", ["tenant", "cause"])
OLDEST = Gauge("waybill_oldest_order_seconds", "Age in its stage of the open order that moved least", ["tenant"])
PURCHASE_ORDERS = Gauge("waybill_purchase_orders", "Purchase orders by stage", ["tenant", "stage"])
PO_HOLDS = Gauge("waybill_po_holds", "Held purchase orders by cause", ["tenant", "cause"])
RECEIPTS = Gauge("waybill_po_receipts", "Receipts of purchase orders by where they stand", ["tenant", "state"])
OLDEST_PO = Gauge(
    "waybill_oldest_po_seconds", "Age in its stage of the open purchase order that moved least", ["tenant"]
)
OLDEST_RECEIPT = Gauge(
    "waybill_oldest_unsynced_receipt_seconds", "Age of the oldest receipt that NetSuite does not have", ["tenant"]
)


def count_call(system: str, operation: str, result: str, seconds: float) -> None:
    """Note one call to a remote system; `result` is a word of the error tree, or `ok`."""
    CALLS.labels(system, operation, result).inc()
    CALL_SECONDS.labels(system, operation).observe(seconds)
