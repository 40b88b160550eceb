"""Keys of every command, their meanings and their checks; the only room that knows Hydra."""
