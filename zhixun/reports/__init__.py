"""Figures about what was asked and given, read from the journal; nothing here writes."""
