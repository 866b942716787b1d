"""Measuring: what an order costs beside a workflow of the same shape that does nothing."""
