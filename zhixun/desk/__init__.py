"""Desk: the staff side. So far: accounts and the list of what waits; the web desk is still to come."""
