"""Partners: other systems, such as a city's portal or its hotline, that speak for users of their own.

In: calls with a key that was given to one of them. Out: consultations opened in its name, how they stand, and signed posts that
tell what happens in them. Promised: a partner sees its own consultations alone; a revoked key is worth nothing at once; what is
posted tells nothing of the citizen.
"""
