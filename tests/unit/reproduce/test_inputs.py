from pathlib import Path

import pytest
import torch

from binrecon.errors import ConfigError, ManifestError, WeightsError
from binrecon.manifest import Coverage
from binrecon.reproduce.inputs import FoundBins, check_runs, find_inputs
from binrecon.reproduce.plan import Plan


def plan(table: str, bins: Path, *words: str) -> Plan:
    return Plan(table, [f"source.root={bins}", *words])


def bins_of(plan: Plan, train: int = 1_000) -> dict[str, FoundBins]:
    coverage = Coverage("grouped", {"train": train, "val": 9, "test": 9}, {})
    return {row.published.name: FoundBins(None, coverage) for row in plan.rows}  # type: ignore[arg-type]  # not looked at


def test_find_inputs__other_bins(tiny_bins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = plan("stanford", tiny_bins, "data.split=grouped", "data.counts_from=records").rows
    found = find_inputs(rows)
    assert len(found) == 11
    assert len({id(bins.manifest) for bins in found.values()}) == 1, "looked at once"
    shown = capsys.readouterr().out
    assert (
        "data.split=grouped is none that was published (unc, stanford_all, stanford_150k, udacity). "
        "Rows on such bins are marked as not comparable"
    ) in shown


def test_find_inputs__no_lists(tiny_bins: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        find_inputs(plan("unc", tiny_bins, f"lists_dir={tmp_path / 'none'}").rows)
    assert str(caught.value).startswith(f"lists_dir: '{tmp_path / 'none'}' does not exist (looked for ")
    assert "github" in str(caught.value).lower()


def test_find_inputs__part_of_the_published_bins(
    real_squashed: Path, real_lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = find_inputs(plan("proposal", real_squashed, f"lists_dir={real_lists}").rows)
    assert found["resnet50_sgd"].coverage.listed == {"all": 10_441}
    shown = capsys.readouterr().out
    assert (
        f"fetch them with: binrecon fetch subset=udacity lists_dir={real_lists}. "
        "Rows on such bins are marked as not comparable"
    ) in shown
    assert "missing are 7,496 bins; " in shown


def test_find_inputs__none_of_the_published_bins(write_bin: object, real_lists: Path, tmp_path: Path) -> None:
    for number in range(1, 7):
        write_bin(tmp_path / "bins", f"99999{number}", number % 6)  # type: ignore[operator]
    with pytest.raises(ManifestError) as caught:
        find_inputs(plan("unc", tmp_path / "bins", f"lists_dir={real_lists}").rows)
    assert str(caught.value) == (
        f"none of the 360,767 bins of data.split=unc can be used: '{tmp_path / 'bins'}' holds 6 bins, none of "
        f"them listed and sound; fetch them with: binrecon fetch subset=unc lists_dir={real_lists} "
        "source.parts=photos\n"
        "or run on other bins, which is marked as not comparable: data.split=grouped data.counts_from=records"
    )


def test_check_runs__weights_out_of_reach(tiny_bins: Path) -> None:
    some = plan("stanford", tiny_bins, "rows=[resnet18_sgd,resnet18_sgd_scratch,resnet34_sgd_scratch]")
    with pytest.raises(WeightsError) as caught:
        check_runs(some.rows, bins_of(some))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(
        "the row resnet18_sgd cannot run: model.weights=imagenet: the weights of 'resnet18.tv_in1k'"
    )
    assert lines[-1] == "Rows without pretrained weights: rows=[resnet18_sgd_scratch,resnet34_sgd_scratch]"


def test_check_runs__random_weights_need_nothing(tiny_bins: Path) -> None:
    some = plan("stanford", tiny_bins, "model.weights=random")
    check_runs(some.rows, bins_of(some))
    check_runs([], {})


def test_check_runs__a_last_batch_that_one_head_cannot_take(tiny_bins: Path) -> None:
    some = plan("stanford", tiny_bins, "model.weights=random")
    with pytest.raises(ConfigError) as caught:
        check_runs(some.rows, bins_of(some, train=129))
    (problem,) = caught.value.problems
    assert problem.startswith(
        "data.batch_size: of 129 training bins, batches of 128 leave 1 for the last one"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_check_runs__no_gpu(tiny_bins: Path) -> None:
    some = plan("stanford", tiny_bins, "trainer=gpu")
    with pytest.raises(ConfigError) as caught:
        check_runs(some.rows, bins_of(some))
    (problem,) = caught.value.problems
    assert problem.startswith("trainer.devices: trainer=gpu wants 1 GPUs, this machine has 0")
