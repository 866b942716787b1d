"""The business rules of Waybill: pure functions and frozen models, without I/O, clock or Temporal."""
