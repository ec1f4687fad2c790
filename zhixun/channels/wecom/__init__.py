"""The door of WeCom's customer service (微信客服): callbacks that only say "pull", messages pulled page by page, and messages out.

In: messages and events of each customer service account. Out: what is said, as texts and menus. Promised: how far was read stands
in the store together with what was read; a message goes out once, by an id of its own.
"""
