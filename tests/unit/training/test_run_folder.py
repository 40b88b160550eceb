import json
from pathlib import Path

import pytest

from binrecon.checksums import accept
from binrecon.config.compose import compose_config, to_typed
from binrecon.config.problems import parse_word
from binrecon.config.stored.run_config import load_resolved
from binrecon.errors import CheckpointError, ConfigError, DamagedRunError
from binrecon.training.run_folder import RunFolder, collect_facts, open_finished, words_to_resume, write_json


def test_write_config__can_be_read_back(tmp_path: Path) -> None:
    config = to_typed(compose_config("train", ["source=synthetic", "optimizer=sgdr"]))
    folder = RunFolder(tmp_path / "run")
    folder.write_config(config)
    assert load_resolved(folder.config) == config
    assert "${" not in folder.config.read_text()


def test_collect_facts() -> None:
    given = ["model=resnet18", "data.split=a b", "++seed=3"]
    facts = collect_facts(given, ["model=resnet18", "data.split=a b", "seed=3"], seed=3)
    assert facts["overrides"] == ["model=resnet18", "data.split=a b", "seed=3"]
    assert facts["command"] == "binrecon train model=resnet18 'data.split=a b' ++seed=3"
    assert facts["packages"]["torch"]
    assert set(facts["git"]) == {"commit", "is_dirty"}
    json.dumps(facts)


def test_update_facts__adds(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.read_facts() == {}
    folder.update_facts(seed=1)
    folder.update_facts(epochs=2)
    assert folder.read_facts() == {"seed": 1, "epochs": 2}


def test_write_json__leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Bücher"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert "Bücher" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_words_to_resume(tmp_path: Path) -> None:
    RunFolder(tmp_path).update_facts(overrides=["model=resnet18", "trainer.max_epochs=3"])
    words = [f"resume={tmp_path}", "trainer.max_epochs=5"]
    assert words_to_resume(words) == ["model=resnet18", *words, f"hydra.run.dir='{tmp_path}'"]


def test_words_to_resume__a_folder_whose_name_needs_quotes(tmp_path: Path) -> None:
    folder = tmp_path / 'Späße d\'été "x"'
    folder.mkdir()
    RunFolder(folder).update_facts(overrides=["model=resnet18"])
    typed = str(folder).replace('"', '\\"')
    first, given, place = words_to_resume([f'resume="{typed}"'])
    assert (first, given) == ("model=resnet18", f'resume="{typed}"')
    assert parse_word(place).value() == str(folder)


def test_words_to_resume__a_folder_that_cannot_be_read() -> None:
    with pytest.raises(ConfigError, match="resume: the value Bücher cannot be read"):
        words_to_resume(["resume=Bücher"])


def test_words_to_resume__nothing_to_resume() -> None:
    assert words_to_resume(["model=resnet18"]) == ["model=resnet18"]
    assert words_to_resume(["resume=null"]) == ["resume=null"]


def test_words_to_resume__no_run(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"is not the folder of a run \(it has no run.json\); give the path"
    ):
        words_to_resume([f"resume={tmp_path}"])


def test_open_finished(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    for missing, word in ((folder.config, "config.yaml"), (folder.facts, "run.json")):
        with pytest.raises(CheckpointError) as caught:
            open_finished(tmp_path)
        assert str(caught.value) == (
            f"'{tmp_path}' is not the folder of a run (it has no {word}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
        missing.touch()
    accept(tmp_path)
    for missing in (folder.best_checkpoint, folder.metrics):
        with pytest.raises(CheckpointError) as caught:
            open_finished(tmp_path)
        assert str(caught.value) == (
            f"the run '{tmp_path}' has not ended, so its counter is not final; "
            f"go on with it: binrecon train resume={tmp_path}"
        )
        missing.touch()
        accept(tmp_path)
    assert open_finished(tmp_path).path == tmp_path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"run.json' is not what a run writes \(Expecting value: line 1 column 1"),
        (b"{}", "run.json' has no key overrides"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"[]", r"it holds no object \{…\} but a list"),
        (b"[" * 100_000, "its brackets are nested too deep"),
        (b'{"overrides": null}', "overrides: must be a list of texts KEY=VALUE, got None"),
        (
            b'{"overrides": ["seed=1", 1]}',
            r"overrides: must be a list of texts KEY=VALUE, got \['seed=1', 1\]",
        ),
        (b'{"overrides": [], "seconds": "1.5"}', "seconds: must be a number, at least 0, got '1.5'"),
        (b'{"overrides": [], "seconds": NaN}', "seconds: must be a number, at least 0, got nan"),
        (b'{"overrides": [], "git": {"commit": 1}}', "git: must be null or an object with commit"),
    ],
)
def test_words_to_resume__damaged(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(content)
    accept(tmp_path)
    with pytest.raises(CheckpointError, match=reason):
        words_to_resume([f"resume={tmp_path}"])


def test_words_to_resume__changed_by_hand(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.update_facts(overrides=["seed=1"])
    folder.facts.write_text(folder.facts.read_text().replace("seed=1", "seed=2"))
    with pytest.raises(DamagedRunError, match=r"run.json' is damaged or was replaced \(SHA-256 "):
        words_to_resume([f"resume={tmp_path}"])


def test_begin__removes_what_a_killed_process_left(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for place in (folder.path, folder.checkpoints, folder.plots):
        place.mkdir(exist_ok=True)
    drafts = [
        folder.path / ".run.json.1a2b3c4d.draft",
        folder.checkpoints / ".last.ckpt.123.part",
        folder.plots / ".confusion_matrix.png.7.partial",
    ]
    kept = [folder.path / ".gitignore", folder.checkpoints / "last.ckpt"]
    for path in (*drafts, *kept):
        path.touch()
    folder.write_config(to_typed(compose_config("train", ["source=synthetic"])))
    assert [path.exists() for path in drafts] == [False] * 3
    assert all(path.exists() for path in kept)


def test_read_results(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin()
    results = {
        "best_epoch": 1,
        "judged_split": "val",
        "val": {"mae": 1.0, "ece": None},
        "majority_count": 3,
        "baselines": {"majority": {"mae": 2.0}},
    }
    write_json(folder.metrics, results)
    assert folder.read_results() == results
    for key, value, allowed in (
        ("best_epoch", 0, "a whole number, at least 1, got 0"),
        ("judged_split", "train", "val or test, got 'train'"),
        ("val", {"mae": "1"}, "numbers by name"),
        ("val", {"mae": float("inf")}, "numbers by name"),
        ("majority_count", True, "a whole number, got True"),
        ("baselines", {}, "an object with the scores of majority"),
    ):
        write_json(folder.metrics, {**results, key: value})
        with pytest.raises(DamagedRunError, match=f"{key}: must be {allowed}"):
            folder.read_results()


def test_words_to_resume__only_keys_of_train(tmp_path: Path) -> None:
    RunFolder(tmp_path).update_facts(overrides=["model=resnet18", "--cfg", "job", "hydra.verbose=true"])
    with pytest.raises(CheckpointError) as caught:
        words_to_resume([f"resume={tmp_path}"])
    assert str(caught.value).startswith(
        f"'{tmp_path}/run.json' holds overrides that are not read from a file (--cfg: a flag; only KEY=VALUE"
    )
    assert "hydra.verbose: not a key of train" in str(caught.value)


def test_words_to_resume__given_anew_with_plus(tmp_path: Path) -> None:
    RunFolder(tmp_path).update_facts(overrides=["source.root=a"])
    words = [f"++resume={tmp_path}", "++source.root=b"]
    assert words_to_resume(words) == [*words, f"hydra.run.dir='{tmp_path}'"]


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe", b"!!python/object:os.system {}", b"[]"])
def test_read_config__of_a_foreign_folder(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.config.write_bytes(content)
    accept(tmp_path)
    with pytest.raises(ConfigError, match=r"config\.yaml'"):
        folder.read_config()


def test_read_fact__missing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.update_facts(seed=1)
    assert folder.read_fact("seed") == 1
    with pytest.raises(DamagedRunError, match=r"run.json' has no key weights_hash; put back a copy"):
        folder.read_fact("weights_hash")


def test_words_to_resume__a_comma(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"resume: takes one run, got runs/a,b; for one path with a comma in it"
    ):
        words_to_resume(["resume=runs/a,b"])
