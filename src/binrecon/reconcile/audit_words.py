"""Values of an audit file, as the page writes and `--apply` reads them."""

from enum import StrEnum

AUDIT_COLUMNS = ("bin_id", "recorded_count", "audited_count", "decision", "time", "note", "reconciliation")
"""Columns of the file, in this order. The last names the reconciliation: bins of others have the same ids."""

LARGEST_COUNT = 9_999
"""Most items that an auditor can enter; the dataset's fullest bin holds 88."""


class Verdict(StrEnum):
    """The verdict of the auditor on a bin."""

    CONFIRM = "confirm"
    """The recorded count is right."""
    CORRECT = "correct"
    """Another count than the recorded one lies in the bin."""
    RECOUNT = "recount"
    """Somebody has to go and count; with a count, somebody has."""
    NOTE = "note"
    """A remark and nothing else."""
