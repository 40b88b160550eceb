"""Checks of the options of W&B."""

from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf


def check_wandb(config: DictConfig) -> Iterator[str]:
    """Check for options that W&B would refuse."""
    logger = OmegaConf.select(config, "logger")
    if logger is None or "project" not in logger:
        return
    if not 0 < len(logger.project) <= 128 or set(logger.project) & set("/\\#?%:"):
        yield f"logger.project: '{logger.project}' must have 1 to 128 characters and none of / \\ # ? % :"
    if logger.group is not None and not 0 < len(logger.group) <= 128:
        yield f"logger.group: must have 1 to 128 characters, got {len(logger.group)}; or give null"
    for tag in logger.tags:
        if not 0 < len(tag) <= 64:
            yield f"logger.tags: '{tag}' must have 1 to 64 characters, got {len(tag)}"
