"""A mark for keys that hold paths."""

from types import MappingProxyType

PATH = MappingProxyType({"is_path": True})
"""Metadata of a field that holds a path, or a list of them: `~` is the home directory there, and a value is
taken letter by letter. A test checks that no field is left unmarked."""
