"""Published results run again, beside what was published; and the studies of `experiments/` run again."""
