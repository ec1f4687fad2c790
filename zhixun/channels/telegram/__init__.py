"""The Telegram door: private chats with a bot, and notices to a group of staff.

In: what Telegram posts to us, or, where it cannot reach us, what we ask it for. Out: messages with buttons, by the Bot API.
Promised: what was stored is confirmed and what was not comes again; the service starts and goes on without Telegram;
groups, channels and other bots are never taken for a citizen; no log holds words, ids of people or the token.
"""
