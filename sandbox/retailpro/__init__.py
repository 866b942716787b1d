"""Retail Pro's partner service: OrderToInvoice, Manual Slip, and the stock they move."""
