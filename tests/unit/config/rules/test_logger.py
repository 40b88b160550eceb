import pytest
from tests.config_problems import SYNTHETIC, problems_of


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["logger.project=a/b"],
            "logger.project: 'a/b' must have 1 to 128 characters and none of / \\ # ? % :",
        ),
        (["logger.group=''"], "logger.group: must have 1 to 128 characters, got 0; or give null"),
        (["logger.tags=['']"], "logger.tags: '' must have 1 to 64 characters, got 0"),
        (
            ["logger.mode=onlin"],
            "logger.mode: 'onlin' is none of auto, online, offline. Did you mean 'online'?",
        ),
        (["logger.finish_timeout_s=0"], "logger.finish_timeout_s: must be above 0, got 0.0"),
    ],
)
def test_validate__wandb(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, "logger=wandb", *words) == (problem,)
