"""Where a run tells how it goes, besides its folder."""
