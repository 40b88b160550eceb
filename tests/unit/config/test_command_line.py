from pathlib import Path

import pytest

from binrecon.config.command_line import words_to_compare
from binrecon.config.compose import compose_config
from binrecon.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a", "b/c", "metric=rmse"], ["runs=['a','b/c']", "metric=rmse"]),
        (["metric=rmse", "a", "b", "-m"], ["metric=rmse", "runs=['a','b']", "-m"]),
        (["--cfg", "job", "a"], ["--cfg", "job", "runs=['a']"]),
        (["runs=[a]"], ["runs=[a]"]),
        ([], []),
    ],
)
def test_words_to_compare(words: list[str], expected: list[str]) -> None:
    assert words_to_compare(words) == expected


@pytest.mark.parametrize("name", ["a run", "it's", "a,b", "[1]", "lr=0.1,seed=2", "ä"])
def test_words_to_compare__any_name_of_a_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert compose_config("compare", words_to_compare([name])).runs == [name]


def test_words_to_compare__given_both_ways() -> None:
    with pytest.raises(
        ConfigError, match="runs: given twice, by the words a b and by runs=; give all of them"
    ):
        words_to_compare(["a", "b", "runs=[c]"])
