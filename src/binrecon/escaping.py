"""Text from outside that is shown: file names and ids of any bytes, never to be obeyed by a terminal."""

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but line ends and tabs, what turns the direction of text, and what is not Unicode."""


def escape_name(name: str) -> str:
    r"""Write a file name of any bytes as printable text, another one for every other name.

    >>> escape_name("caf\udce9\x1b[31m"), escape_name("0052 3é")
    ('caf\\xe9\\x1b[31m', '0052 3é')
    """
    return "".join(letter if letter.isprintable() and letter != "\\" else _escape(letter) for letter in name)


def escape_controls(text: str) -> str:
    r"""Write what a terminal would obey, or cannot show, as escapes; line ends and tabs stay.

    >>> escape_controls("bin '\x1b[2J5'\n")
    "bin '\\x1b[2J5'\n"
    """
    return _CONTROLS.sub(lambda match: _escape(match[0]), text)


def _escape(letter: str) -> str:
    code = ord(letter)
    if letter == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return letter.encode("unicode_escape").decode("ascii")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
