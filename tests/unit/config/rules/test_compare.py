from pathlib import Path

from tests.config_problems import problems_of

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate


def test_validate__compare(tmp_path: Path) -> None:
    words = [f"runs=[{tmp_path}]", "group_by=[model,optimizer.lr,head.name]", "metric=rmse"]
    validate(compose_config("compare", words))
    assert problems_of(config_name="compare") == (
        "runs: must name run folders, or folders that hold some: binrecon compare outputs/train",
    )


def test_validate__every_problem_of_a_comparison_at_once() -> None:
    assert problems_of(
        "runs=[nowhere,neither]", "group_by=[optimzer,seed]", "metric=loss", "resamples=5", "seed=-1",
        config_name="compare",
    ) == (
        "metric: 'loss' is none of accuracy, macro_f1, rmse, mae, rmse_of_mean, within_one_accuracy, nll, ece, "
        "accuracy_of_rounded_mean, rmse_of_rounded_mean, mae_of_rounded_mean, accuracy_of_median, rmse_of_median, mae_of_median",
        "resamples: must be at least 100, got 5",
        "seed: must be at least 0, got -1",
        "runs: 'nowhere' is not a folder; give that of a run, or one that holds runs",
        "runs: 'neither' is not a folder; give that of a run, or one that holds runs",
        "group_by: 'optimzer' is no key of a run; use one such as model or optimizer.lr. Did you mean 'optimizer'?",
        "group_by: 'seed' leaves each run alone: the runs of a group are its seeds; leave it out",
    )  # fmt: skip


def test_validate__compare_groups_by_something(tmp_path: Path) -> None:
    assert problems_of(f"runs=[{tmp_path}]", "group_by=[]", config_name="compare") == (
        "group_by: must hold a key, got []; leave it out to group by all that differ",
    )
