from collections.abc import Callable

import boto3
import pytest
from botocore.stub import Stubber
from botocore.validate import ParamValidator

from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.request import build_training_request
from binrecon.cloud.tuning import build_tuning_request

Planner = Callable[..., LaunchPlan]


def check_shape(operation: str, request: dict[str, object]) -> str:
    """Return what botocore's own model of SageMaker has against a request."""
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model.operation_model(operation)
    return ParamValidator().validate(request, model.input_shape).generate_report()


def test_build_training_request__is_as_sagemaker_takes_it(plan: Planner) -> None:
    planned = plan(
        "source=local", "cloud.bins=s3://data/abid", "cloud.lists=s3://data/lists/", "cloud.weights=s3://data/w.pth",
        "cloud.is_spot=true", "cloud.max_runtime_h=1.5", "cloud.max_wait_h=3", "cloud.kms_key=key",
        "cloud.subnets=[s-1,s-2]", "cloud.security_groups=[g-1]", "cloud.prefix=team/x", "cloud.input_mode=FastFile",
    )  # fmt: skip
    request = build_training_request(planned, "binrecon-1", "s3://bkt/team/x/code/y.tar.gz")
    assert check_shape("CreateTrainingJob", request) == ""
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 5400, "MaxWaitTimeInSeconds": 10800}
    assert request["CheckpointConfig"] == {
        "S3Uri": "s3://bkt/team/x/checkpoints/binrecon-1",
        "LocalPath": "/opt/ml/checkpoints",
    }
    assert request["OutputDataConfig"] == {"S3OutputPath": "s3://bkt/team/x/jobs", "KmsKeyId": "key"}
    assert [
        (item["ChannelName"], item["DataSource"]["S3DataSource"]["S3Uri"])
        for item in request["InputDataConfig"]
    ] == [("bins", "s3://data/abid/"), ("lists", "s3://data/lists/"), ("weights", "s3://data/w.pth")]
    assert request["VpcConfig"] == {"Subnets": ["s-1", "s-2"], "SecurityGroupIds": ["g-1"]}
    assert len(request["AlgorithmSpecification"]["MetricDefinitions"]) <= 40


def test_build_training_request__holds_no_more_than_was_asked_for(plan: Planner) -> None:
    request = build_training_request(plan(), "binrecon-1", "s3://bkt/code")
    assert "VpcConfig" not in request
    assert "InputDataConfig" not in request
    assert "MaxWaitTimeInSeconds" not in request["StoppingCondition"]
    assert check_shape("CreateTrainingJob", request) == ""


def test_build_training_request__earlier_checkpoints(plan: Planner) -> None:
    request = build_training_request(plan("cloud.checkpoints=s3://bkt/old"), "binrecon-2", "s3://bkt/code")
    assert request["CheckpointConfig"]["S3Uri"] == "s3://bkt/old"


@pytest.mark.parametrize("words", [["sweep=optimizer"], ["head.dropout=0.0,0.5", "cloud.is_spot=true"]])
def test_build_tuning_request__is_as_sagemaker_takes_it(words: list[str], plan: Planner) -> None:
    """moto refuses nothing that SageMaker would, so botocore's model is asked."""
    planned = plan(*words)
    assert planned.search is not None
    request = build_tuning_request(planned, planned.search, "binrecon-1", "s3://bkt/code")
    assert check_shape("CreateHyperParameterTuningJob", request) == ""
    client = boto3.client("sagemaker", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response(
            "create_hyper_parameter_tuning_job",
            {"HyperParameterTuningJobArn": "arn:aws:sagemaker:x"},
            request,
        )
        client.create_hyper_parameter_tuning_job(**request)
    assert ("CheckpointConfig" in request["TrainingJobDefinition"]) == planned.cloud.is_spot
