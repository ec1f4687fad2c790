"""Improvement: from a question that was not answered to a live, tested and reversible answer.

In: turns of the journal, what staff write. Out: groups of turns, drafts, candidates, the verdict of the gate. Promised: nothing
goes live that only one person has seen, or that makes a protected question worse; no text of a draft is ever lost.
"""
