from collections.abc import Callable

import pytest

from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.request import build_training_request
from binrecon.errors import ConfigError

Planner = Callable[..., LaunchPlan]
VARIABLES = ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_ENTITY", "WANDB_PROJECT")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_travelling__the_name_of_the_secret_and_no_key(
    plan: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("WANDB_ENTITY", "team")
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example")
    planned = plan("logger=wandb", "cloud.wandb_secret=keys/wandb")
    request = build_training_request(planned, "binrecon-1", "s3://bkt/code")
    kept = {key: value for key, value in request["Environment"].items() if key != "BINRECON_COMMIT"}
    assert kept == {
        "BINRECON_WANDB_SECRET": "keys/wandb",
        "WANDB_BASE_URL": "https://wandb.example",
        "WANDB_ENTITY": "team",
    }
    assert "0123456789abcdef" not in str(request)


def test_travelling__nothing_where_a_run_logs_elsewhere(
    plan: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_ENTITY", "team")
    planned = plan("logger=csv")
    assert (planned.variables, planned.notes) == ({}, ())


def test_describe__offline_without_a_key(plan: Planner) -> None:
    assert plan("logger=wandb").notes == (
        "W&B: offline, since the job has no key (cloud.wandb_secret gives it one); binrecon launch fetch "
        "brings what `wandb sync` uploads",
    )
    assert plan("logger=wandb", "cloud.wandb_secret=wandb").notes == ()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["cloud.wandb_secret=wandb"], "cloud.wandb_secret: is read by logger=wandb alone, got logger=csv"),
        (
            ["logger=wandb", "cloud.wandb_secret='my key'"],
            "cloud.wandb_secret: 'my key' is no secret; give its name in AWS Secrets Manager, or its ARN",
        ),
        (
            ["logger=wandb", "logger.mode=online"],
            "logger.mode: online needs an API key of W&B in the job; put it into AWS Secrets Manager and "
            "give cloud.wandb_secret=NAME, or use logger.mode=auto, which without a key is offline",
        ),
    ],
)
def test_find_problems(words: list[str], problem: str, plan: Planner) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(*words)
    assert caught.value.problems == (problem,)


def test_find_problems__a_password_in_the_address(plan: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://me:secret@wandb.example")
    with pytest.raises(ConfigError) as caught:
        plan("logger=wandb")
    assert caught.value.problems == (
        "WANDB_BASE_URL: holds a password, which must not be part of a request; give it without",
    )
