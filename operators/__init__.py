"""What operators hold in their hands: the `waybill` command, the web desk, webhooks, and the servers under them."""
