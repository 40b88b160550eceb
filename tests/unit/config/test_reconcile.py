from pathlib import Path

import pytest

from binrecon.config.compose import compose_config
from binrecon.config.help import describe_groups, describe_keys
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    (tmp_path / "records.csv").touch()
    return [f"checkpoint={tmp_path}", f"source.root={tmp_path}", f"inventory={tmp_path / 'records.csv'}"]


def problems_of(*words: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("reconcile", words))
    return caught.value.problems


@pytest.mark.parametrize("budget", ["0.5%", "200 bins", "1 bin", "1:40"])
def test_check_reconcile__accepts(words: list[str], budget: str) -> None:
    config = compose_config("reconcile", [*words, f"budget={budget}"])
    validate(config)
    assert config.budget == budget


def test_check_reconcile__needs_a_run() -> None:
    assert problems_of("source.root=.") == ("checkpoint: must be given; add checkpoint=VALUE",)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        (
            "checkpoint=nowhere",
            "checkpoint: 'nowhere' is not a folder; give that of a run, as `binrecon train` printed it at its end",
        ),
        (
            "inventory=nothing.csv",
            "inventory: 'nothing.csv' is not a file; give a CSV or Parquet file, or leave it out",
        ),
        (
            "budget='200'",
            "budget: '200' has no unit; give a share of the bins such as '0.5%', a number of them such as "
            "'200 bins', or what a recount costs against a missed variance, such as '1:40'",
        ),
        ("recount_minutes=0", "recount_minutes: must be above 0, got 0.0"),
        ("recount_minutes=nan", "recount_minutes: must be above 0, got nan"),
        ("coverage=1", "coverage: must be above 0 and below 1, got 1.0"),
        ("record_errors.rate=1", "record_errors.rate: must be at least 0 and below 1, got 1.0"),
        ("quality.dark=0.5", "quality.dark: must be at least 0 and below 0.5, got 0.5"),
        ("quality.blurred=nan", "quality.blurred: must be at least 0 and below 0.5, got nan"),
        ("workers=-1", "workers: must be at least 0, got -1"),
        ("embedded_photos=-1", "embedded_photos: must be at least 0, got -1"),
        ("device=cuda", "device: 'cuda' is none of auto, cpu, gpu"),
        ("count_column=BIN_ID", "count_column: is 'BIN_ID', as bin_column is; name two columns"),
        (
            "+budgett=1",
            "budgett: unknown key; allowed are checkpoint, source, inventory, bin_column, count_column, budget, "
            "recount_minutes, coverage, record_errors, quality, embedded_photos, device, workers, output_root, "
            "output_dir, lists_dir, cache_dir. Did you mean 'budget'?",
        ),
    ],
)
def test_check_reconcile__refuses(words: list[str], word: str, problem: str) -> None:
    assert problems_of(*words, word) == (problem,)


def test_check_reconcile__columns_of_no_inventory(tmp_path: Path) -> None:
    words = [f"checkpoint={tmp_path}", f"source.root={tmp_path}"]
    validate(compose_config("reconcile", words))
    assert problems_of(*words, "bin_column=Location", "count_column=Qty") == (
        "bin_column: 'Location' is a column of no file; say which by inventory=FILE, or leave it out",
        "count_column: 'Qty' is a column of no file; say which by inventory=FILE, or leave it out",
    )


def test_help__every_key_of_reconcile_has_a_meaning() -> None:
    lines = list(describe_keys("reconcile"))
    assert [line for line in lines if len(line.split(maxsplit=1)) < 2] == []
    assert any(line.startswith("  record_errors.rate=0.01 ") for line in lines)
    assert any("source=synthetic" in line for line in describe_groups("reconcile"))
