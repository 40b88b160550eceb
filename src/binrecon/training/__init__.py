"""The Lightning edge: how a counter is trained and tested, and what a run leaves behind."""
