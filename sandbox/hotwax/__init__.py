"""HotWax on Moqui: the `/rest/s1` paths that an invoicing client reads and writes, and the rules behind them."""
