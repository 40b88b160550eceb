"""The verbs of the command line, a file each: its `--help` text and the room that does the work.

Every call of `binrecon` loads all of them, so a verb imports its room only when it is run.
"""
