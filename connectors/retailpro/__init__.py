"""Drivers for Retail Pro: the partner service (`partner_v1`), and its books as the proof reads them (`export_v1`)."""
