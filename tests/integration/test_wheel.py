"""The built wheel works where no checkout is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def list_assets(package: Path) -> set[Path]:
    """What is not Python: the parts of the audit page."""
    return {path.relative_to(package) for path in (package / "reconcile" / "page" / "assets").iterdir()}


@pytest.mark.slow
def test_wheel__works_outside_the_checkout(tmp_path: Path) -> None:
    checkout = Path(__file__).parents[2]
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed, so no wheel can be built")
    subprocess.run(
        [uv, "build", "--wheel", "--out-dir", str(tmp_path), str(checkout)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert "binrecon = binrecon.cli:main" in next(site.glob("*.dist-info/entry_points.txt")).read_text()
    shipped = {
        path.relative_to(site / "binrecon" / "configs")
        for path in (site / "binrecon" / "configs").rglob("*.yaml")
    }
    assert shipped == {
        path.relative_to(checkout / "configs") for path in (checkout / "configs").rglob("*.yaml")
    }
    assert list_assets(site / "binrecon") == list_assets(checkout / "src" / "binrecon") != set()
    code = "import binrecon, sys; from binrecon.cli import main; print(binrecon.__file__); sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "--cfg", "job", "source=synthetic", "optimizer=sgdr"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    assert done.stdout.splitlines()[0] == str(site / "binrecon" / "__init__.py")
    assert "name: sgdr" in done.stdout
