import gzip
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from binrecon.cloud import archive
from binrecon.cloud.archive import Archive, build_archive, find_checkout, read_commit
from binrecon.errors import CloudError

ROOT = Path(__file__).parents[3]


def read(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as packed:
        files = [(member.name, packed.extractfile(member)) for member in packed.getmembers()]
        return {name: file.read() for name, file in files if file is not None}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout, with what must not travel in it."""
    files = {
        "pyproject.toml": "", "README.md": "", "train.py": "", "configs/train.yaml": "", ".env": "KEY=secret",
        "src/binrecon/__init__.py": "", "src/binrecon/page/page.html": "", "src/binrecon/key.pem": "secret",
        "src/binrecon/.hidden.py": "secret", "src/binrecon/__pycache__/a.cpython-311.py": "",
        "src/binrecon/photo.jpg": "photo", "outputs/train/run.json": "{}", "configs/.aws/credentials.yaml": "secret",
        "data/abid/metadata/1.json": "{}",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "src" / "binrecon" / "link.py").symlink_to(tmp_path / ".env")
    monkeypatch.setattr(archive.binrecon, "__file__", str(tmp_path / "src" / "binrecon" / "__init__.py"))
    return tmp_path


def test_build_archive__holds_code_alone(checkout: Path) -> None:
    packed = build_archive("2.13", {"mine.yaml": b"seed: 1\n"})
    assert set(read(packed.content)) == {
        "pyproject.toml", "README.md", "train.py", "configs/train.yaml", "src/binrecon/__init__.py",
        "src/binrecon/page/page.html", "start.py", "requirements.txt", "constraints.txt", "recipes/mine.yaml",
    }  # fmt: skip
    assert b"secret" not in gzip.decompress(packed.content)
    assert packed.files == 10


def test_build_archive__same_files_same_bytes(checkout: Path) -> None:
    first = build_archive("2.13")
    for path in (checkout / "src").rglob("*.py"):
        if not path.is_symlink():
            path.write_bytes(path.read_bytes())  # another time
            path.chmod(0o600)
    assert build_archive("2.13") == first
    (checkout / "train.py").write_text("print()")
    assert build_archive("2.13").name != first.name


def test_build_archive__of_this_checkout() -> None:
    packed = build_archive("2.13")
    files = read(packed.content)
    package = [path for path in (ROOT / "src" / "binrecon").rglob("*") if path.is_file()]
    code = {path.relative_to(ROOT).as_posix() for path in package if path.suffix != ".pyc"}
    assert code <= set(files), "all of the package: the page's parts too"
    assert files["requirements.txt"] == b"-c constraints.txt\n.\n"
    assert b"torch==2.13.0\n" in files["constraints.txt"]
    assert b"torch==" not in read(build_archive("2.14").content)["constraints.txt"]
    assert len(packed.content) < 2_000_000


def test_describe() -> None:
    assert Archive(bytes(306_700), 285).describe() == "code: 285 files, 307 kB"


def test_read_commit(checkout: Path) -> None:
    assert read_commit() is None
    git = ["git", "-C", str(checkout), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert json.loads(str(read_commit())) == {"commit": head, "is_dirty": False}
    (checkout / "train.py").write_text("print()")
    assert json.loads(str(read_commit())) == {"commit": head, "is_dirty": True}


def test_find_checkout__installed_as_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.binrecon, "__file__", str(tmp_path / "lib" / "binrecon" / "__init__.py"))
    with pytest.raises(CloudError) as caught:
        find_checkout()
    assert str(caught.value) == (
        f"launch packs the code it runs from, and '{tmp_path}' is no checkout (no pyproject.toml, README.md, "
        "configs, src/binrecon); run it from a checkout of binrecon: uv run binrecon launch"
    )
