"""The driver of HotWax Commerce on Moqui (`/rest/s1`): orders read, events followed, invoice numbers written back."""
