"""HotWax and Retail Pro on a laptop: real HTTP servers with state, faults on demand and a record of every call.

Nothing here is imported by the product and nothing of the product is imported here, so that a wrong belief about a
remote system cannot hide on both sides. How to script it: `docs/sandbox.md`.
"""
