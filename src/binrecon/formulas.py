"""Texts that a spreadsheet would take for formulas, and their escaping."""

FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""First characters of formulas, wide forms included: https://owasp.org/www-community/attacks/CSV_Injection"""

FORMULA = r"('*[" + FORMULA_STARTS.replace("-", r"\-") + "])"
"""Regular expression of the start of a possible formula, with any apostrophes before it."""


def guard_cell(text: str) -> str:
    """Put an apostrophe before what could be a formula, and before apostrophes that stand before such a text.

    >>> [guard_cell(text) for text in ("=1+1", "'=1+1", "'tis", "00004")]
    ["'=1+1", "''=1+1", "'tis", '00004']
    """
    return f"'{text}" if _begins_formula(text) else text


def free_cell(cell: str) -> str:
    """Remove the apostrophe that `guard_cell` added.

    >>> [free_cell(cell) for cell in ("'=1+1", "''=1+1", "'tis", "00004")]
    ['=1+1', "'=1+1", "'tis", '00004']
    """
    return cell[1:] if cell.startswith("'") and _begins_formula(cell) else cell


def _begins_formula(text: str) -> bool:
    return text.lstrip("'").startswith(tuple(FORMULA_STARTS))
