from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from binrecon.cloud.aws import Clients
from binrecon.cloud.storage import describe_checkpoints
from binrecon.config.cloud_settings import SageMakerConfig


@pytest.mark.parametrize("is_there", [True, False])
def test_describe_checkpoints(is_there: bool) -> None:
    """A wrong address would train anew, and be paid for, with no word said."""
    session = boto3.Session("a", "b", region_name="us-east-1")
    client: Any = session.client("s3")
    asked = {"Bucket": "bkt", "Prefix": "old/binrecon-1/run/run.json", "MaxKeys": 1}
    with Stubber(client) as stub:
        stub.add_response("list_objects_v2", {"KeyCount": int(is_there)}, asked)
        cloud = SageMakerConfig(bucket="bkt", checkpoints="s3://bkt/old/binrecon-1/")
        said = list(
            describe_checkpoints(
                Clients(
                    session.client("sagemaker"),
                    client,
                    session.client("logs"),
                    session.client("secretsmanager"),
                ),
                cloud,
            )
        )
    assert said == (
        []
        if is_there
        else [
            "cloud.checkpoints: no earlier job left s3://bkt/old/binrecon-1/run/run.json, so the training starts from "
            "its first epoch; those of a job are in s3://BUCKET/PREFIX/checkpoints/JOB"
        ]
    )
