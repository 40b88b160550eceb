"""Configuration keys, their meanings and checks; the only room that knows Hydra."""
