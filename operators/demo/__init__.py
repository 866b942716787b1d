"""`make demo`: a day of orders and purchase orders between sandbox systems, with faults on the way, and its proof."""
