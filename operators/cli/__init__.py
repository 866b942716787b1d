"""The `waybill` command: what operators and engineers do with orders, holds, feeds, proofs and the set-up."""

from operators.cli.app import app, main

__all__ = ["app", "main"]
