"""Requests for services: numbered, answerable until a day, and carried from received to done in the journal.

A request belongs to the consultation it was made in, so that it is encrypted, sealed, proven and erased together with it.
"""
