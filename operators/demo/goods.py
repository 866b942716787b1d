"""The demo's shop: its stores in HotWax and in Retail Pro, and what it sells."""

from dataclasses import dataclass

TENANT = "shop"

STORES = {"BROADWAY": "ST101", "HARBOR": "ST102", "LAKESIDE": "ST103", "MISSION": "ST104"}
"""HotWax facility -> Retail Pro store, as the day's configuration has it in the morning."""

AIRPORT, AIRPORT_STORE = "AIRPORT", "ST105"
"""A store that opened today: Retail Pro has it, the configuration does not."""

NOWHERE = "_NA_"
"""HotWax's facility of digital goods."""


@dataclass(frozen=True)
class Product:
    """Something the shop sells; digital goods are in nobody's stock."""

    upc: str
    price: float
    digital: bool = False


MUG, LAMP, CHAIR, VASE, GIFT_CARD = "MUG", "LAMP", "CHAIR", "VASE", "GIFT-CARD"

PRODUCTS = {
    MUG: Product("0810000000012", 12.50),
    LAMP: Product("0810000000029", 48.00),
    CHAIR: Product("0810000000036", 129.90),
    VASE: Product("0810000000043", 89.99),
    GIFT_CARD: Product("0810000000050", 25.00, digital=True),
}

SKUS = {name: f"SKU-{name}" for name, product in PRODUCTS.items() if not product.digital}
"""What NetSuite calls the products."""

LOCATIONS = {store: str(11 + place) for place, store in enumerate(STORES)}
"""HotWax facility -> NetSuite's location id, which HotWax knows as the facility's external id."""
