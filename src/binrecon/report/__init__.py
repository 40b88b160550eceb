"""Numbers and photos to tables and plots; `text` and `figures` load no torch, for commands that need none."""
