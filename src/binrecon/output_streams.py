"""Standard output and error that take any character, and show no credential of an unexpected error."""

import codecs
import sys
import traceback
from types import TracebackType

from binrecon.masking import hide_text

_HANDLER = "binrecon.stand_in"
_STAND_INS = str.maketrans(
    {
        "↑": "^", "↓": "v", "→": ">", "←": "<", "–": "-", "—": "-", "−": "-", "±": "+-", "×": "x", "·": ".",
        "…": "...", "²": "2", "≤": "<=", "≥": ">=", "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*",
        **dict.fromkeys("─━═╌╍┄┅╸╺╴╶", "-"), **dict.fromkeys("│┃║", "|"), **dict.fromkeys("█▉▊▋▌▍▎▏▓▒░", "#"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋┡┩╇╈┠┨╭╮╯╰", "+"),
    }
)  # fmt: skip
"""Characters of our tables and plots of text, and what stands for them where an encoding has none."""


def prepare_streams() -> None:
    """Let standard output and error stand in for what their encoding lacks, instead of failing.

    A terminal or a pipe may be ASCII or Latin-1, and the name of a file may be no text at all.
    """
    codecs.register_error(_HANDLER, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # what a caller put there may have none
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)
    sys.excepthook = _show_error


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end].translate(_STAND_INS)
    return part.encode("ascii", "backslashreplace").decode("ascii"), error.end


def _show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does, without credentials."""
    sys.stderr.write(hide_text("".join(traceback.format_exception(kind, error, trace))))
