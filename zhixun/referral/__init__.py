"""Slips: a consultation is referred to an outside agency, with the citizen's separate consent, and what becomes of it is told.

A slip belongs to its consultation, so that it is encrypted, sealed, proven and erased together with it. It goes out by
e-mail, signed webhook or by hand; the agency answers on a page, with the slip's number and code.
"""
