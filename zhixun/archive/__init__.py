"""The archive: journal, numbers, sealed files, ledger and their proofs.

In: events of consultations. Out: entries read back, sealed files under `archive/`, day roots, receipts, exports.
Promised: what is journalled is never changed; any change, gap, swap, cut or roll-back is found by `verify`; a person's
words can be made unreadable for ever without breaking a proof.
"""
