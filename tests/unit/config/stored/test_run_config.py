from pathlib import Path

import pytest
from omegaconf import OmegaConf

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.stored.run_config import load_resolved
from binrecon.errors import ConfigError

WORDS = ["source=synthetic", "optimizer=sgd", "head=mlp", "loss=soft_labels"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    OmegaConf.save(OmegaConf.structured(to_typed(compose_config("train", WORDS))), path)
    return path


def problems_after(path: Path, old: str, new: str) -> tuple[str, ...]:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_resolved(path)
    return caught.value.problems


def test_load_resolved__gives_types_back(config: Path) -> None:
    assert load_resolved(config) == to_typed(compose_config("train", WORDS))


def test_load_resolved__what_lay_on_the_machine_that_trained_may_be_gone(config: Path) -> None:
    text = config.read_text()
    for key, value in (("weights", "/gone/w.pth"), ("output_root", "/proc/x"), ("labels", "/gone/l.csv")):
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:"))
        text = text.replace(line, f"{line.partition(':')[0]}: {value}")
    config.write_text(text)
    assert load_resolved(config).data.labels == "/gone/l.csv"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("tta: none", "tta: banana", "data.tta: 'banana' is none of none, flip, side_on"),
        ("precision: 32-true", "precision: banana", "trainer.precision: 'banana' is none of 32-true"),
        ("resize: squash", "resize: banana", "data.resize: 'banana' is none of squash, pad"),
        ("image_size: 224", "image_size: 100000", "data.image_size: must be at most 2048, got 100000"),
        (
            "image_size: 224",
            "image_size: big",
            "data.image_size: Value 'big' of type 'str' could not be converted",
        ),
        ("batch_size: 128", "batch_size: 1000000", "data.batch_size: must be at most 65536"),
        ("max_count: 5", "max_count: 1000000000", "data.max_count: must be at most 1000"),
        ("hidden_width: 512", "hidden_width: 10000000000", "head.hidden_width: must be at most 65536"),
        ("workers: 2", "workers: 100000", "data.workers: must be at most 256"),
        (
            "output_root: outputs",
            "output_root: ${oc.env:AWS_SECRET_ACCESS_KEY}",
            "output_root: '${oc.env:AWS",
        ),
        ("name: sgd", "name: lion", "optimizer.name: must be one of sgd, sgdr, adam, adamw, got lion"),
        ("name: cpu", "name: banana", "trainer.name: 'banana' is none of auto, cpu, ddp"),
        ("momentum: 0.9", "_target_: os.system", "optimizer._target_: not the name of a key"),
        ("momentum: 0.9", "lrr: 0.9", "optimizer.lrr: Key 'lrr' not in 'SGDConfig'"),
        ("seed: 0\nmonitor", "hydra: {}\nmonitor", "hydra: unknown key"),
        ("monitor: val/loss", "monitor: val/lost", "monitor: 'val/lost' is not logged"),
    ],
)
def test_load_resolved__checked_as_a_command_line_is(old: str, new: str, problem: str, config: Path) -> None:
    first, *_ = problems_after(config, old, new)
    assert first.startswith(f"'{config}': {problem}")


def test_load_resolved__no_value_of_the_environment_is_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "hunter2hunter2")
    problems = problems_after(config, "name: sgd", "name: ${oc.env:A_SECRET}")
    assert problems
    assert "hunter2" not in "".join(problems)


def test_load_resolved__every_problem_in_one_pass(config: Path) -> None:
    text = config.read_text().replace("tta: none", "tta: banana")
    config.write_text(text)
    assert len(problems_after(config, "resize: squash", "resize: banana")) == 2


@pytest.mark.parametrize(
    "content", [b"", b"seed: [", b"\xff\x00", b"- 1", b"a: !!python/object:x.Y {}", b"PK\x03\x04" * 100]
)
def test_load_resolved__no_configuration(content: bytes, config: Path) -> None:
    config.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config.yaml' cannot be read \(.*put back a copy of it"):
        load_resolved(config)


def test_load_resolved__another_version(config: Path) -> None:
    config.write_text("source: {name: local}\noptimizer: {name: lion}\n")
    with pytest.raises(ConfigError, match="this version of binrecon did not write it") as caught:
        load_resolved(config)
    assert any("optimizer.name: must be one of sgd" in problem for problem in caught.value.problems)
