"""Zhixun: the consultation assistant of a city's public intellectual-property service."""
