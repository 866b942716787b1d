"""The admin API: seed, play, break, read and check, all by HTTP; documented in `docs/sandbox.md`."""
