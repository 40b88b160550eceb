"""The policies of `docs/aws/` allow what `launch` does, and no more than they must."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PATHS = [ROOT / "docs/aws" / f"{whose}_policy.json" for whose in ("user", "role")]
POLICIES = [json.loads(path.read_text()) for path in PATHS]
CODE = "\n".join(path.read_text() for path in (ROOT / "src/binrecon/cloud").glob("*.py"))

UNSCOPED = {
    "sagemaker:ListTrainingJobs", "sagemaker:ListHyperParameterTuningJobs", "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
}  # fmt: skip
"""Actions that AWS lets nobody limit to a resource: the Service Authorization Reference lists none for them."""

CALLS = {
    "create_training_job": "sagemaker:CreateTrainingJob",
    "describe_training_job": "sagemaker:DescribeTrainingJob",
    "stop_training_job": "sagemaker:StopTrainingJob",
    "list_training_jobs": "sagemaker:ListTrainingJobs",
    "create_hyper_parameter_tuning_job": "sagemaker:CreateHyperParameterTuningJob",
    "describe_hyper_parameter_tuning_job": "sagemaker:DescribeHyperParameterTuningJob",
    "stop_hyper_parameter_tuning_job": "sagemaker:StopHyperParameterTuningJob",
    "list_hyper_parameter_tuning_jobs": "sagemaker:ListHyperParameterTuningJobs",
    "list_objects_v2": "s3:ListBucket",
    "put_object": "s3:PutObject",
    "download_file": "s3:GetObject",
    "describe_log_streams": "logs:DescribeLogStreams",
    "get_log_events": "logs:GetLogEvents",
    "describe_secret": "secretsmanager:DescribeSecret",
}
"""What is called, and the action that allows it."""


def list_of(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements() -> Iterator[dict[str, Any]]:
    for policy in POLICIES:
        assert policy["Version"] == "2012-10-17"
        yield from policy["Statement"]


def test_policies__of_the_user_and_of_the_role() -> None:
    assert set(PATHS) == set((ROOT / "docs/aws").iterdir())


def test_policies__the_readme_links_to_them() -> None:
    readme = (ROOT / "README.md").read_text()
    assert all(f"({path.relative_to(ROOT)})" in readme for path in PATHS)


@pytest.mark.parametrize("statement", list(statements()))
def test_policies__no_wildcards_that_could_be_narrower(statement: dict[str, Any]) -> None:
    assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
    assert not any("*" in action for action in list_of(statement["Action"]))
    for resource in list_of(statement["Resource"]):
        is_scoped = re.fullmatch(r"arn:aws:[a-z0-9]+:(REGION)?:(ACCOUNT|763104351884)?:[^*]+\*?", resource)
        assert is_scoped or (resource == "*" and set(list_of(statement["Action"])) <= UNSCOPED), resource


def test_policies__allow_every_call() -> None:
    called = {name for name in CALLS if re.search(rf"\b{name}\b", CODE)}
    assert called == set(CALLS)
    allowed = {action for item in POLICIES[0]["Statement"] for action in list_of(item["Action"])}
    assert {CALLS[name] for name in called} <= allowed
    assert allowed - set(CALLS.values()) == {"iam:PassRole", "sagemaker:AddTags"}


def test_policies__every_call_is_known() -> None:
    """A new call needs a line above, and an action in the user's policy."""
    made = set(re.findall(r"(?:sagemaker|s3|logs|secrets)\.(\w+)\(", CODE)) - {"get_paginator"}
    paged = set(re.findall(r'"((?:list|describe)_\w+)"', CODE))
    assert made | paged == set(CALLS)
