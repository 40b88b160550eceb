from collections.abc import Callable

import pytest

from binrecon.cloud.plan import LaunchPlan

GIVEN = [
    "cloud.region=us-east-1",
    "cloud.bucket=bkt",
    "cloud.role=arn:aws:iam::123456789012:role/binrecon",
    "cloud.instance_type=ml.c5.xlarge",
]


@pytest.fixture
def plan() -> Callable[..., LaunchPlan]:
    """Plan a job on rendered bins, with some more words."""
    return lambda *words: LaunchPlan([*GIVEN, "source=synthetic", *words])
