"""Clients of the remote systems: wire formats in, domain models out; a port for each kind of them."""
