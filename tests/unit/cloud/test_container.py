import json
from pathlib import Path

import pytest

from binrecon.checksums import accept
from binrecon.cloud.container import read_container
from binrecon.cloud.entry import build_environment, find_run, hand_over
from binrecon.errors import CloudError
from binrecon.training.run_folder import RunFolder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An /opt/ml of two machines and three channels."""
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({"word_00": "seed=1"}))
    (config / "resourceconfig.json").write_text(
        json.dumps(
            {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"], "network_interface_name": "eth0"}
        )
    )
    (config / "inputdataconfig.json").write_text(json.dumps({"bins": {}, "lists": {}, "weights": {}}))
    for name in ("bins/bin-images/1.jpg", "lists/a.json", "weights/deep/w.pth"):
        path = tmp_path / "input" / "data" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return tmp_path


def test_read_container__from_files(root: Path) -> None:
    container = read_container(root, {})
    assert container.hosts == ("algo-1", "algo-2")
    assert not container.is_first
    assert container.model == root / "model"
    data = root / "input" / "data"
    assert list(container.channel_words()) == [
        f"source.root={data}/bins", f"lists_dir={data}/lists", f"model.weights={data}/weights/deep/w.pth",
    ]  # fmt: skip


def test_read_container__variables_go_first(root: Path, tmp_path: Path) -> None:
    variables = {
        "SM_HOSTS": '["algo-2"]', "SM_CURRENT_HOST": "algo-2", "SM_MODEL_DIR": "/m", "SM_OUTPUT_DATA_DIR": "/o",
        "SM_CHANNEL_BINS": "/c",
    }  # fmt: skip
    container = read_container(root, variables)
    assert container.is_first
    assert (container.model, container.results) == (Path("/m"), Path("/o"))
    assert container.channels["bins"] == Path("/c")


def test_channel_words__several_files_of_weights(root: Path) -> None:
    (root / "input" / "data" / "weights" / "b.pth").touch()
    with pytest.raises(CloudError) as caught:
        list(read_container(root, {}).channel_words())
    assert str(caught.value) == (
        "the channel weights holds 2 files, and must hold one; name that one in cloud.weights"
    )


def test_channel_words__no_lists(root: Path) -> None:
    (root / "input" / "data" / "lists" / "a.json").unlink()
    with pytest.raises(CloudError) as caught:
        list(read_container(root, {}).channel_words())
    assert str(caught.value) == (
        f"the channel lists is empty: '{root}/input/data/lists' holds no file; check cloud.lists"
    )


def test_read_container__damaged(root: Path) -> None:
    (root / "input" / "config" / "resourceconfig.json").write_text("{")
    with pytest.raises(CloudError, match=r"resourceconfig\.json' is not what SageMaker writes"):
        read_container(root, {})


def test_find_run__jobs_of_a_tuning_job_have_their_own(root: Path) -> None:
    parameters = {"word_00": "seed=1", "optimizer.lr": "0.1"}
    (root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(parameters))
    variables = {"SM_CURRENT_HOST": "algo-1", "TRAINING_JOB_NAME": "binrecon-1-007-abc"}
    assert find_run(read_container(root, variables)) == root / "checkpoints" / "binrecon-1-007-abc"


def test_find_run__copies_of_other_machines_do_not_go_to_s3(root: Path) -> None:
    assert root / "checkpoints" not in find_run(read_container(root, {})).parents
    first = read_container(root, {"SM_CURRENT_HOST": "algo-1"})
    assert find_run(first) == root / "checkpoints" / "run"


def test_build_environment__the_network_of_the_machines(root: Path) -> None:
    built = build_environment(read_container(root, {}), {"NCCL_SOCKET_IFNAME": "mine", "A": "b"})
    assert built["GLOO_SOCKET_IFNAME"] == "eth0"
    assert built["NCCL_SOCKET_IFNAME"] == "mine"
    assert built["A"] == "b"


def test_hand_over__of_a_run_that_has_not_ended(root: Path) -> None:
    """All that is needed to resume it goes along, and no half-written file."""
    folder = RunFolder(root / "checkpoints" / "run")
    names = (
        "config.yaml",
        "run.json",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "checkpoints/.last.1.part",
    )
    for name in names:
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / name).touch()
    accept(folder.path)
    container = read_container(root, {})
    hand_over(folder, container)
    files = sorted(path.relative_to(root).as_posix() for path in root.glob("[mo]*/**/*") if path.is_file())
    assert files == [
        "model/checkpoints/best.ckpt", "model/checksums.json", "model/config.yaml", "model/run.json", "output/data/checkpoints/last.ckpt",
    ]  # fmt: skip


def test_hand_over__sigterm_leaves_no_half_of_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(root / "checkpoints" / "run")
    folder.best_checkpoint.parent.mkdir(parents=True)
    folder.best_checkpoint.write_text("whole")

    def stop_amid(source: Path, target: Path) -> None:
        target.write_text(source.read_text()[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfile", stop_amid)
    with pytest.raises(KeyboardInterrupt):
        hand_over(folder, read_container(root, {}))
    assert [path for path in (root / "model").rglob("*") if path.is_file()] == []
