from pathlib import Path

import pytest

from binrecon.errors import ManifestError, WeightsError
from binrecon.reproduce.needs import check_weights, look_at_needs
from binrecon.reproduce.plan import Plan


def plan(table: str, bins: Path, *words: str) -> Plan:
    return Plan(table, [f"source.root={bins}", *words])


def test_look_at_needs__other_bins(tiny_bins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = plan("stanford", tiny_bins, "data.split=grouped", "data.counts_from=records").rows
    found = look_at_needs(rows)
    assert len(found) == 11
    assert len({id(bins.manifest) for bins in found.values()}) == 1, "looked at once"
    shown = capsys.readouterr().out
    assert (
        "data.split=grouped is none that was published (unc, stanford_all, stanford_150k, udacity). "
        "Rows on such bins are marked as not comparable"
    ) in shown


def test_look_at_needs__no_lists(tiny_bins: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        look_at_needs(plan("unc", tiny_bins, f"lists_dir={tmp_path / 'none'}").rows)
    assert str(caught.value).startswith(f"lists_dir: '{tmp_path / 'none'}' does not exist (looked for ")
    assert "github" in str(caught.value).lower()


def test_look_at_needs__part_of_the_published_bins(
    real_squashed: Path, real_lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = look_at_needs(plan("proposal", real_squashed, f"lists_dir={real_lists}").rows)
    assert found["resnet50_sgd"].coverage.listed == {"all": 10_441}
    shown = capsys.readouterr().out
    assert (
        f"fetch them with: binrecon fetch subset=udacity lists_dir={real_lists}. "
        "Rows on such bins are marked as not comparable"
    ) in shown
    assert "missing are 7,496 bins; " in shown


def test_look_at_needs__none_of_the_published_bins(
    write_bin: object, real_lists: Path, tmp_path: Path
) -> None:
    for number in range(1, 7):
        write_bin(tmp_path / "bins", f"99999{number}", number % 6)  # type: ignore[operator]
    with pytest.raises(ManifestError) as caught:
        look_at_needs(plan("unc", tmp_path / "bins", f"lists_dir={real_lists}").rows)
    assert str(caught.value) == (
        f"none of the 360,767 bins of data.split=unc can be used: '{tmp_path / 'bins'}' holds 6 bins, none of "
        f"them listed and sound; fetch them with: binrecon fetch subset=unc lists_dir={real_lists} "
        "source.parts=photos\n"
        "or run on other bins, which is marked as not comparable: data.split=grouped data.counts_from=records"
    )


def test_check_weights__out_of_reach(tiny_bins: Path) -> None:
    rows = plan("stanford", tiny_bins, "rows=[resnet18_sgd,resnet18_sgd_scratch,resnet34_sgd_scratch]").rows
    with pytest.raises(WeightsError) as caught:
        check_weights(rows)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(
        "the row resnet18_sgd cannot run: model.weights=imagenet: the weights of 'resnet18.tv_in1k'"
    )
    assert lines[-1] == "Rows without pretrained weights: rows=[resnet18_sgd_scratch,resnet34_sgd_scratch]"


def test_check_weights__random_ones_need_nothing(tiny_bins: Path) -> None:
    check_weights(plan("stanford", tiny_bins, "model.weights=random").rows)
    check_weights([])
