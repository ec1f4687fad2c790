"""Guides: trees of questions and calculators that lead a citizen from a matter to what to do, written as YAML.

In: `knowledge/guides/*.yml` and what the citizen says. Out: the next step, or the recommendation with its sources. Promised:
every path ends, every recommendation has a basis, and what was said can be taken back at any step. Rasa is not known here; the
form in domain.yml carries the state.
"""
