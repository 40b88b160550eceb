import hashlib
import json
from pathlib import Path

import pytest

from binrecon.checksums import check_file
from binrecon.errors import CheckpointError, DamagedRunError
from binrecon.training.checkpoints.mirror import CheckpointMirror
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_whole

METADATA = json.dumps({"overrides": ["seed=1"], "command": "binrecon train seed=1"}).encode()

COMMAND = json.dumps({"overrides": ["hydra.callbacks.x={_target_:os.system}"], "command": "train"}).encode()


class Mirror(CheckpointMirror):
    """One whose bucket is a dict."""

    def __init__(self, pointer: object, *contents: bytes) -> None:
        super().__init__("s3://bucket/prefix")
        self.objects = {hashlib.sha256(content).hexdigest(): content for content in contents}
        self.objects["latest.json"] = pointer if isinstance(pointer, bytes) else json.dumps(pointer).encode()

    def _get(self, name: str) -> bytes:
        return self.objects[name]

    def _put(self, name: str, content: bytes) -> None:
        self.objects[name] = content


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_pull__brings_a_run_whose_files_are_known(tmp_path: Path) -> None:
    pointer = {"run.json": hash_of(METADATA), "checkpoints/last.ckpt": hash_of(b"weights")}
    folder = RunFolder(tmp_path / "run")
    assert Mirror(pointer, METADATA, b"weights").pull(folder, ["seed=1"])
    for file in (folder.facts, folder.last_checkpoint):
        check_file(file)


def test_pull__broken_off_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run.json`, by which a run is known, comes last."""
    pointer = {"run.json": hash_of(METADATA), "checkpoints/last.ckpt": hash_of(b"weights")}
    mirror, folder = Mirror(pointer, METADATA, b"weights"), RunFolder(tmp_path / "run")
    with monkeypatch.context() as patch:

        def break_off(path: Path, content: bytes) -> None:
            if path.name == "last.ckpt":
                raise KeyboardInterrupt
            write_whole(path, content)

        patch.setattr("binrecon.training.checkpoints.mirror.write_whole", break_off)
        with pytest.raises(KeyboardInterrupt):
            mirror.pull(folder, ["seed=1"])
    assert mirror.pull(folder, ["seed=1"])
    assert folder.last_checkpoint.read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("pointer", "reason"),
    [
        ({"../evil.sh": hash_of(b"weights")}, "its latest.json names files that no run has"),
        ({"run.json": 1}, "its latest.json names files that no run has"),
        ([1], "it holds no object"),
        (b"[" * 100_000, "its brackets are nested too deep"),
        ({"checkpoints/last.ckpt": hash_of(b"weights")}, "does not hold the files of a run"),
        ({"run.json": hash_of(METADATA), "metrics.json": hash_of(b"{}")}, "does not hold the files of a run"),
        ({"run.json": hash_of(COMMAND)}, "hydra.callbacks.x: not a key of train"),
        ({"run.json": hash_of(b'{"overrides": null}')}, "overrides: must be a list of texts"),
        ({"run.json": hash_of(b"{}")}, "it has no overrides or no command"),
    ],
)
def test_pull__refuses_what_no_run_left(pointer: object, reason: str, tmp_path: Path) -> None:
    mirror = Mirror(pointer, b"weights", b"{}", b'{"overrides": null}', METADATA, COMMAND)
    with pytest.raises(CheckpointError, match=reason):
        mirror.pull(RunFolder(tmp_path / "run"), ["seed=1"])
    assert list(tmp_path.iterdir()) == []


def test_push__a_damaged_file_does_not_replace_a_whole_one(tmp_path: Path) -> None:
    folder, mirror = RunFolder(tmp_path / "run"), Mirror({})
    folder.update_facts(overrides=[])
    write_whole(folder.last_checkpoint, b"weights")
    mirror.push(folder)
    folder.last_checkpoint.write_bytes(b"damaged")
    with pytest.raises(DamagedRunError, match=r"last.ckpt' is damaged or was replaced"):
        mirror.push(folder)
    assert json.loads(mirror.objects["latest.json"])["checkpoints/last.ckpt"] == hash_of(b"weights")
