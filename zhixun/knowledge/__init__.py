"""Knowledge: what the assistant may say, and when and where it holds.

In: the YAML of `knowledge/`. Out: frozen records (`Knowledge`, `Question`, `Answer`, `Source`), the answer that holds on
a day in a region, training data for the engine. Promised: an answer is never given outside its window or its region, and
`check` names every flaw of the content before it reaches a citizen.
"""
