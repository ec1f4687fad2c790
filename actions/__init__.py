"""The engine's actions: slots in, knowledge out.

They run inside the service (rasa-sdk's executor on loopback) and just as well under `rasa run actions`.
"""
