"""Registers: the record books that the specification asks for, each told by a file of the knowledge and none by code.

A record is a journal file of its own, closed from the start: each change is one more entry in the chain and a sealed supplement.
What is written in it is encrypted under its own key; what the lists and the watches need is open.
"""
