"""Checks of a configuration, subject by subject: a line for each problem.

`validate` asks for all of them. A rule says nothing about a configuration without the keys that it knows.
Verbs with few keys have their rules in the file of these keys.
"""
