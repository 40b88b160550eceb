"""Whether wrong records would be found: records are made wrong on purpose, and rankings scored."""
