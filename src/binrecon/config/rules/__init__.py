"""Checks of a configuration, subject by subject: a line for each problem.

`validate` runs all of them. A rule finds nothing in a configuration without the keys that it checks.
The rules of a verb with few keys are in the file of these keys.
"""
