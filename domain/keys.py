"""Ids and business keys: the one place where they are spelled. None has a run id, an attempt or a clock in it."""

ORDER_WORKFLOW = "Order"
ORDER_FEED_WORKFLOW = "OrderFeed"
ORDERS_QUEUE = "waybill-orders"


def order_workflow_id(tenant: str, order_id: str) -> str:
    """The workflow id of an order's life."""
    return f"order/{tenant}/{order_id}"


def order_feed_id(tenant: str) -> str:
    """The schedule id and workflow id stem of a tenant's order feed."""
    return f"feed/{tenant}/orders"


def hotwax_queue(tenant: str) -> str:
    """The task queue of a tenant's HotWax: one per remote system, so that a sick one stops nobody else (P3)."""
    return f"waybill-hotwax-{tenant}"


def retailpro_queue(tenant: str) -> str:
    """The task queue of a tenant's Retail Pro."""
    return f"waybill-retailpro-{tenant}"


def _spelled(order_no: str) -> str:
    """The order number as a part of a key: a slash in it must not look like the key's own."""
    return order_no.replace("%", "%25").replace("/", "%2F")


def invoice_key(tenant: str, order_no: str, revision: int) -> str:
    """The business key of an invoice; revision 0 is the order's, later ones are supplements (design 8)."""
    return f"invoice/{tenant}/{_spelled(order_no)}/{revision}"


def slip_key(tenant: str, order_no: str, revision: int, from_store: str) -> str:
    """The business key of a transfer slip: one for each store that shipped, for each invoice it puts right."""
    return f"slip/{tenant}/{_spelled(order_no)}/{revision}/{from_store}"


def write_back_key(tenant: str, order_no: str, revision: int) -> str:
    """The business key of an invoice number's way back into the OMS."""
    return f"write_back/{tenant}/{_spelled(order_no)}/{revision}"


# ---- purchase orders -------------------------------------------------------------------------------------------------

PO_WORKFLOW = "PurchaseOrder"
PO_RUN_WORKFLOW = "PurchaseOrderRun"


def po_workflow_id(tenant: str, po_id: str) -> str:
    """The workflow id of a purchase order's life."""
    return f"po/{tenant}/{po_id}"


def po_run_id(tenant: str, run: str) -> str:
    """The schedule id and workflow id stem of one of a tenant's runs for purchase orders."""
    return f"feed/{tenant}/po-{run}"


def netsuite_queue(tenant: str) -> str:
    """The task queue of a tenant's NetSuite, whichever way it is reached."""
    return f"waybill-netsuite-{tenant}"


def upload_key(kind: str, tenant: str, number: int) -> str:
    """The business key of an upload that many purchase orders share, numbered by a stored sequence."""
    return f"{kind}/{tenant}/{number}"


def strange_file_key(kind: str, tenant: str, name: str) -> str:
    """The business key of a file that another state of the ledger has sent: numbers may be given anew since."""
    return f"{kind}/{tenant}/{name}"
