"""Channels: one file per door. The web door: the citizen API, the WebSocket, the widget and the public pages.

In: requests from outside. Out: JSON as described in `openapi.yml`. Promised: input is checked before it goes further, and
nothing is shown that is not on disk.
"""
