"""`make demo`: a day of orders from a sandbox HotWax to a sandbox Retail Pro, with faults on the way, and its proof."""
