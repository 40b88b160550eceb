from pathlib import Path

from tests.config_problems import SYNTHETIC, problems_of


def test_validate__missing_root(tmp_path: Path) -> None:
    root = tmp_path / "nowhere"
    assert problems_of(f"source.root={root}") == (
        f"source.root: '{root}' is not a folder; give the folder that holds bin-images/ and metadata/ "
        "(source.root=PATH), or render bins with source=synthetic",
    )


def test_validate__output_below_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert problems_of(SYNTHETIC, f"output_root={file}/runs") == (
        f"output_root: '{file}/runs' cannot be written ({file} is a file); give a folder you may write to",
    )
