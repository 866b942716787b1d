"""The lifecycles: deterministic, and short because the rules they ask stand in the domain."""
