"""The verbs of the command line, a file each: what `--help` says of one, and which room does the work.

Every call of `binrecon` loads all of them, so a verb imports its room only when it is run.
"""
