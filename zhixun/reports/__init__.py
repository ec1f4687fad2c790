"""Figures about what was asked and given, and the analysis report drawn from them; nothing here writes.

In: spans of days, the archive's index and journal. Out: tables that equal a recount of the sealed files, as page, Word, PDF, workbook.
"""
