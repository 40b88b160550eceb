"""Faults of an attempt to fetch an object, and which of them are worth a retry."""

from enum import StrEnum


class Fault(StrEnum):
    """A kind of failed attempt."""

    NOT_FOUND = "not found"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    NO_CONNECTION = "no connection"
    CUT_OFF = "cut off"
    STALLED = "stalled"
    BAD_BYTES = "bad bytes"
    DENIED = "denied"
    REFUSED = "refused"


FINAL = frozenset({Fault.DENIED, Fault.REFUSED})
"""Faults that no further attempt mends."""


class AttemptError(Exception):
    """One attempt to fetch one object failed.

    Args:
        fault: The kind of failure.
        reason: What happened, in a few words.
    """

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
