"""A leaderboard of many run folders, with the uncertainty of its differences."""
