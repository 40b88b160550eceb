"""Many run folders to one leaderboard, with what its differences are worth."""
