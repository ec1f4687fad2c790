"""The service catalogue: what the office offers, in the specification's order, and the form that each is asked for with."""
