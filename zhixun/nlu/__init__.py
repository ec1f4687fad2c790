"""Understanding: graph components for the engine's pipeline.

In: a message. Out: its normalised text, entities, and the ranking of curated questions with calibrated confidences.
This room and `actions/` are the only ones that import rasa; `text.py`, `bm25.py` and `ranking.py` are plain Python.
"""
