from pathlib import Path

import pytest

from binrecon.config.command_line import words_to_apply
from binrecon.config.compose import compose_config
from binrecon.config.help import describe_keys
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["budget=1%"], None),
        (["--apply", "a.csv"], ["audit='a.csv'"]),
        (["output_root=out", "--apply=a b.csv"], ["audit='a b.csv'", "output_root=out"]),
        (["--apply", "Ann's.csv", "results=out"], [r"audit='Ann\'s.csv'", "results=out"]),
    ],
)
def test_words_to_apply(words: list[str], wanted: list[str] | None) -> None:
    assert words_to_apply(words) == wanted


@pytest.mark.parametrize("words", [["--apply"], ["--apply=a", "--apply=b"]])
def test_words_to_apply__without_a_file(words: list[str]) -> None:
    with pytest.raises(ConfigError, match="--apply: must be followed by the file that the page exported"):
        words_to_apply(words)


def test_check_apply(tmp_path: Path) -> None:
    (tmp_path / "audit.csv").touch()
    audit = f"audit={tmp_path / 'audit.csv'}"
    validate(compose_config("apply", [audit]))
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("apply", ["audit=gone.csv", "results=nowhere"]))
    assert caught.value.problems == (
        "audit: 'gone.csv' is not a file; give what the page exported, as --apply audit.csv",
        "results: 'nowhere' is not a folder; give that of a reconciliation, or leave it out",
    )


def test_help__every_key_has_a_meaning() -> None:
    assert [line for line in describe_keys("apply") if len(line.split(maxsplit=1)) < 2] == []
