"""What can be set, what it means, and whether it makes sense; the only room that knows Hydra."""
