import dataclasses
from typing import Any

import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig
from binrecon.training.logs.wandb_settings import describe_run, name_run

FACTS: dict[str, Any] = {"overrides": [], "command": "binrecon train", "manifest_hash": "abc", "leaks": []}


def compose(*words: str) -> TrainConfig:
    config: TrainConfig = to_typed(compose_config("train", ["source=synthetic", "logger=wandb", *words]))
    return config


def test_name_run() -> None:
    names = name_run(compose("model=resnet50", "optimizer=adam", "seed=3", "logger.tags=[mine]"), FACTS)
    assert (names.group, names.job_type, names.name) == ("resnet50", "adam", "resnet50-adam-seed3")
    assert names.tags == ("resnet50", "adam", "linear", "cross_entropy", "synthetic", "frozen", "mine")


def test_name_run__of_a_recipe() -> None:
    names = name_run(compose("regime=full"), {**FACTS, "overrides": ["experiment=quickstart", "seed=1"]})
    assert names.group == "quickstart"
    assert {"quickstart", "full"} <= set(names.tags)


def test_name_run__group_as_asked() -> None:
    assert name_run(compose("logger.group=study"), FACTS).group == "study"


def test_name_run__tags_within_the_limit() -> None:
    config = compose()
    config.model.backbone = "b" * 100
    assert max(map(len, name_run(config, FACTS).tags)) == 64


def test_describe_run() -> None:
    described = describe_run(compose("optimizer=sgd"), FACTS)
    assert described["optimizer"]["name"] == "sgd"
    assert described["model"]["backbone"] == "resnet50.tv_in1k"
    assert (described["manifest_hash"], described["command"]) == ("abc", "binrecon train")
    assert not {"logger", "leaks"} & set(described)


def test_describe_run__no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very/secret+value")
    config = compose("source=abid", "source.root=/tmp")
    address = "http://me:pass@word@host:8333"
    config = dataclasses.replace(config, source=dataclasses.replace(config.source, endpoint_url=address))  # type: ignore[call-arg]
    command = f"binrecon train source.endpoint_url={address} source.prefix=very/secret+value"
    described = describe_run(config, {**FACTS, "command": command})
    assert described["source"]["endpoint_url"] == "http://***@host:8333"
    assert described["command"] == "binrecon train source.endpoint_url=http://***@host:8333 source.prefix=***"
