import json
from pathlib import Path

import pytest

from binrecon.errors import CheckpointError
from binrecon.training.checkpoints.mirror import CheckpointMirror
from binrecon.training.run_folder import RunFolder

RUN_CODE = "+hydra.callbacks.x={_target_:os.system}"


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ({"run.json": b'{"overrides": null}'}, "s3://b/p/run.json' is damaged or no run's"),
        ({"run.json": b"\xff"}, "not text in UTF-8"),
        ({"run.json": json.dumps({"overrides": [RUN_CODE]}).encode()}, "hydra.callbacks.x"),
        ({"run.json": b'{"overrides": ["seed=2"]}'}, r"holds a run of other words \(\['seed=2'\]\)"),
        ({"run.json": b'{"overrides": []}', "../../.bashrc": b""}, "does not hold the files of a run"),
        ({"checkpoints/last.ckpt": b""}, "does not hold the files of a run"),
    ],
)
def test_check_run__not_a_run_of_these_words(contents: dict[str, bytes], reason: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=reason):
        CheckpointMirror("s3://b/p")._check_run(contents, RunFolder(tmp_path), ["seed=1"])


def test_check_run__the_same_words(tmp_path: Path) -> None:
    contents = {"run.json": b'{"overrides": ["seed=1", "logger=none"]}'}
    CheckpointMirror("s3://b/p")._check_run(contents, RunFolder(tmp_path), ["seed=1", "trainer=ddp_cpu"])
