import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from binrecon.config.compose import COMMANDS, compose_config, list_groups, typed_options
from binrecon.config.help import _meanings
from binrecon.config.home import find_path_problems
from binrecon.config.path_keys import list_path_keys
from binrecon.config.paths import read_paths
from binrecon.config.problems import find_problems, parse_word
from binrecon.errors import ConfigError

VERBATIM = [
    "/bins/a=b", "a b", " a ", "a(1)", "a[1]", "[a]", "{a:b}", "a{1}", "a:b", "a#b", "a%b", r"a\b", "a\\",
    "Bücher/é", "一", "-a", "it's", 'a"b', "'a'b", "1e3", "007", "1_000", "true", "inf", "a!b", "a;b", "a&b", "a*b",
    "a?b", "a@b", "a^b", "a`b", "a|b", "a<b>", "a$b", "$HOME", "./~", "a~", "a\nb", "f(x)", "näh = (a) [b] {c} #1 %d 'q'",
]  # fmt: skip
"""Paths that mean themselves; a shell has taken its own quotes away by then."""


@pytest.mark.parametrize("path", VERBATIM)
@pytest.mark.parametrize("key", ["output_root", "source.root", "+data.labels", "hydra.run.dir"])
def test_read_paths__letter_by_letter(key: str, path: str) -> None:
    (word,) = read_paths([f"{key}={path}"])
    assert parse_word(word).value() == path


@pytest.mark.parametrize("path", VERBATIM)
def test_read_paths__composes(path: str) -> None:
    assert compose_config("compare", read_paths([f"output_root={path}"])).output_root == path


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("output_root=~/runs", "HOME/runs"),
        ("output_root='~/my runs'", "HOME/my runs"),
        ("output_root=~", "HOME"),
        ("subset=ids:~/ids.txt", "ids:HOME/ids.txt"),
        ("hydra.run.dir=~/a=b", "HOME/a=b"),
        ("runs=[~/a=1,'b c']", ["HOME/a=1", "b c"]),
        ("resume=null", None),
        ("output_root=${oc.env:X}/a", "${oc.env:X}/a"),
        (r"output_root=/a\,b", "/a,b"),
        ("output_root='/a,b'", "/a,b"),
    ],
)
def test_read_paths(word: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "HOME")
    assert parse_word(read_paths([word])[0]).value() == value


def test_read_paths__leaves_other_words() -> None:
    words = [
        "--multirun",
        "model=resnet18,resnet34",
        "~logger",
        "logger.project=a=b",
        "/bins/a=b",
        "output_root=",
        "-m",
    ]
    assert read_paths(words) == words


def test_read_paths__not_utf8() -> None:
    with pytest.raises(ConfigError, match=r"output_root: b'/a\\xff' is not UTF-8.* symbolic link"):
        read_paths(["output_root=/a\udcff"])


@pytest.mark.parametrize("path", ["/data/a,b", "a(1,2)", "it's, so", 'a "b", c', "ü,é"])
@pytest.mark.parametrize("key", ["source.root", "output_root"])
def test_a_comma__the_error_says_what_to_type(key: str, path: str) -> None:
    (problem,) = find_problems("train", read_paths([f"{key}={path}"]))
    advised = re.search(r"for one path with a comma in it, type (.*)$", problem)
    assert advised is not None
    (word,) = shlex.split(advised[1])
    assert parse_word(read_paths([word])[0]).value() == path


def test_a_comma__several_runs() -> None:
    assert find_problems("train", read_paths(["output_root=/a=1,/b=2"]), is_multirun=True) == []


def test_expand_paths__from_recipes_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("BINRECON_CACHE", "~/cache")
    monkeypatch.setenv("BINRECON_LISTS", "~/lists")
    config = compose_config("train", ["+data.labels='~/labels.csv'", "output_root='~/runs'"])
    found = (config.cache_dir, config.data.lists_dir, config.data.labels, config.output_root)
    assert found == ("/home/me/cache", "/home/me/lists", "/home/me/labels.csv", "/home/me/runs")


def test_list_path_keys__none_is_left_unmarked() -> None:
    """Keys whose help speaks of a folder or a file; where it only mentions one, they stand here."""
    others = {
        "sweep.storage",
        "cloud.volume_gb",
        "features.action",
        "sweep.space",
        "embedded_photos",
        "source.name",
    }
    marked = {key.rpartition(".")[2] for key in list_path_keys()}
    unmarked = [
        f"{name}: {item.name}"
        for name, kind in [
            *COMMANDS.items(),
            *(item for group in list_groups() for item in typed_options(group).items()),
        ]
        for item in fields(kind)
        if item.type in (str, str | None, list[str])
        and re.match(
            r"(Folder|File|CSV|YAML file|The file|The PNG|.*path of)", _meanings(kind).get(item.name, "")
        )
        and item.name not in marked | others
    ]
    assert unmarked == []
    assert {"source.root", "runs", "prices", "path", "audit"} <= list_path_keys().keys()


def test_home_of_nobody() -> None:
    config = compose_config("compare", ["output_root='~nobody-here/x'", "output_dir=''"])
    problems = list(find_path_problems(config))
    assert len(problems) == 2
    assert problems[0].startswith("output_root: '~nobody-here/x' begins with the home directory of a user")
    assert problems[1] == "output_dir: empty; give a path ('.' is the folder you are in)"
