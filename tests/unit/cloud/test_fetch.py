import io
import shutil
import tarfile
from pathlib import Path

import pytest

from binrecon.cloud.fetch import unpack
from binrecon.errors import CloudError


def write(path: Path, *members: tuple[str, bytes, bytes]) -> Path:
    """Write an archive of members with names, types and contents or link targets."""
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(content)
            else:
                member.linkname = content.decode()
            archive.addfile(member, io.BytesIO(content))
    return path


def test_unpack(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar.gz", ("d/f", tarfile.REGTYPE, b"x"))
    unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "d" / "f").read_bytes() == b"x"


@pytest.mark.parametrize("folder", ["data", "./data"])
def test_unpack__results_with_or_without_their_folder(folder: str, tmp_path: Path) -> None:
    """As sagemaker's local mode packs them: `/opt/ml/output` less its failure."""
    members = ((folder, tarfile.DIRTYPE, b""), (f"{folder}/", tarfile.DIRTYPE, b""))
    path = write(tmp_path / "a.tar.gz", *members, (f"{folder}/plots/a.png", tarfile.REGTYPE, b"x"))
    unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "plots" / "a.png").read_bytes() == b"x"
    assert not (tmp_path / "out" / "data").exists()


@pytest.mark.parametrize("name", ["../escaped", "d/../../escaped", "data/../../escaped"])
def test_unpack__reaches_outside(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar.gz", (name, tarfile.REGTYPE, b"x"))
    with pytest.raises(CloudError, match=r"'a\.tar\.gz' was refused: it reaches outside of its folder"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_unpack__links_and_devices(kind: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar.gz", ("link", kind, b"/etc/passwd"))
    with pytest.raises(CloudError) as caught:
        unpack(path, tmp_path / "out")
    assert str(caught.value) == "'a.tar.gz' was refused: 'link' is a link or a device"
    assert list((tmp_path / "out").iterdir()) == []


def test_unpack__cut_short(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar.gz", ("f", tarfile.REGTYPE, bytes(range(256)) * 4000))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CloudError, match=r"'a\.tar\.gz' is damaged \(.*\); fetch it once more"):
        unpack(path, tmp_path / "out")


def test_unpack__larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.tar.gz", ("f", tarfile.REGTYPE, bytes(5000)))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(CloudError) as caught:
        unpack(path, tmp_path / "out")
    assert str(caught.value) == "'a.tar.gz' needs 5,000 bytes, and 1 are free; free some space"
