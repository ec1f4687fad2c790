"""Conversation: one turn at a time, from what a citizen said to what is said back.

In: a citizen's words from a channel. Out: a `Turn` with replies. Promised: every word is journalled before anyone sees a
reply; one owner at a time; the bot is silent while a person owns the consultation; a failing engine gives a truthful
sentence within three seconds.
"""
