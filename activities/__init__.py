"""Where Temporal meets I/O: a file per remote system, and the one mechanism for remote writes."""
