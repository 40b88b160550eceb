"""Counts and records to decisions: which bins no longer match their record, and which to look at first."""
