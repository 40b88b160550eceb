"""Many heads at once, each trained as it would be alone."""
