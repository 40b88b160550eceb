"""Every call that `binrecon launch` really makes is one that the user's policy allows, and none is allowed besides."""

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.client import BaseClient
from tests.aws_server import AWS_MARKS, REGION, AwsServer

from binrecon.cli import main
from binrecon.cloud.jobs import Job

pytestmark = AWS_MARKS

ACCOUNT = "123456789012"
BUCKET = "policed"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
SECRET = "wandb/key"  # noqa: S105  # its name
JOB, TUNING = "binrecon-policed", "binrecon-policed-tuning"
POLICIES = Path(__file__).parents[2] / "docs/aws"

S3_ACTIONS = {
    "ListObjectsV2": "ListBucket",
    "HeadObject": "GetObject",
    "GetObject": "GetObject",
    "PutObject": "PutObject",
}
"""Operation to the action that allows it, where they differ in name: AWS's "Actions defined by Amazon S3"."""


class Need(NamedTuple):
    """What a call needs to be allowed."""

    action: str
    resource: str


def read_policies() -> list[list[dict[str, Any]]]:
    """Read the statements of the user's policy and of the role's, with the names of this test put in."""
    texts = [(POLICIES / f"{whose}_policy.json").read_text() for whose in ("user", "role")]
    names = {"REGION": REGION, "ACCOUNT": ACCOUNT, "BUCKET": BUCKET, "ROLE": "binrecon", "SECRET": SECRET}
    for name, value in names.items():
        texts = [re.sub(rf"\b{name}\b", value, text) for text in texts]
    return [json.loads(text)["Statement"] for text in texts]


def list_of(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(policy: list[dict[str, Any]], need: Need) -> bool:
    return any(
        need.action in list_of(statement["Action"])
        and any(fnmatchcase(need.resource, pattern) for pattern in list_of(statement["Resource"]))
        for statement in policy
    )


def needs_of(service: str, operation: str, given: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what AWS asks of who makes a call."""
    if service == "s3":
        resource = "/".join(["arn:aws:s3:::" + given["Bucket"], *([given["Key"]] if "Key" in given else [])])
        yield Need(f"s3:{S3_ACTIONS[operation]}", resource)
    elif service == "logs":
        stream = given.get("logStreamName", "")
        yield Need(
            f"logs:{operation}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}:log-stream:{stream}"
        )
    elif service == "secretsmanager":
        yield Need(f"{service}:{operation}", secret_arn(given["SecretId"]))
    else:
        yield from needs_of_sagemaker(operation, given)


def secret_arn(name: str) -> str:
    """AWS puts six characters of its own behind the name."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-Ab1Cd2"


def needs_of_sagemaker(operation: str, given: Mapping[str, Any]) -> Iterator[Need]:
    kinds = {
        "TrainingJobName": "training-job",
        "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    }
    resources = [
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{given[key]}"
        for key, kind in kinds.items()
        if key in given
    ]
    yield Need(f"sagemaker:{operation}", resources[0] if resources else "*")
    if "Tags" in given:
        yield Need("sagemaker:AddTags", resources[0])
    definition = given.get("TrainingJobDefinition", given)
    if "RoleArn" in definition:
        yield Need("iam:PassRole", definition["RoleArn"])


class Calls:
    """What was called, with what; a stop is noted down alone, since moto has none."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, dict[str, Any]]] = []

    def needs(self) -> set[Need]:
        return {need for call in self.made for need in needs_of(*call)}

    def given(self, operation: str) -> list[dict[str, Any]]:
        return [given for _, name, given in self.made if name == operation]


@pytest.fixture(scope="module")
def prepared(aws_server: AwsServer) -> AwsServer:
    """A server with bins, a log, and what the job that is fetched has left."""
    packed = io.BytesIO()
    tarfile.open(fileobj=packed, mode="w:gz").close()
    aws_server.make_bucket(BUCKET, "abid/metadata/1.json")
    aws_server.secrets.create_secret(Name=SECRET, SecretString="0123456789")
    aws_server.s3.put_object(
        Bucket=BUCKET, Key=f"binrecon/jobs/{JOB}/output/model.tar.gz", Body=packed.getvalue()
    )
    aws_server.make_log_group(LOG_GROUP)
    aws_server.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=f"{JOB}/algo-1-1790000000")
    return aws_server


@pytest.fixture(scope="module")
def everything(prepared: AwsServer, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Start, list, follow, fetch and stop a training job and a tuning job, and note down every call of boto3."""
    noted, really_call = Calls(), BaseClient._make_api_call
    more = [*prepared.words(BUCKET), f"output_root={tmp_path_factory.mktemp('outputs')}"]
    job = [
        "cloud.instance_type=ml.c5.xlarge", f"cloud.bins=s3://{BUCKET}/abid", "model=resnet18",
        "cloud.is_spot=true", "cloud.tags=[project:bins]", "logger=wandb", f"cloud.wandb_secret={SECRET}",
    ]  # fmt: skip

    def call(client: Any, operation: str, given: dict[str, Any]) -> Any:  # noqa: ANN401  # any answer
        noted.made.append((client.meta.service_model.service_name, operation, given))
        return {} if operation.startswith("Stop") else really_call(client, operation, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        for words in (
            [*job, f"job={JOB}"], [*job, f"job={TUNING}", "sweep=head", "follow=false"], ["ls"],
            ["follow", TUNING], ["fetch", JOB],
        ):  # fmt: skip
            assert main(["launch", *words, *more]) == 0
        patch.setattr(Job, "has_ended", False)  # moto's have at once
        for name in (JOB, TUNING):
            assert main(["launch", "stop", name, *more]) == 0
    return noted


def test_policy__allows_every_call_that_is_made(everything: Calls) -> None:
    user, _ = read_policies()
    assert {need for need in everything.needs() if not allows(user, need)} == set()


def test_policy__allows_nothing_that_is_not_needed(everything: Calls) -> None:
    """No action that was not called for, and no statement whose resource nobody touched."""
    user, _ = read_policies()
    needs = everything.needs()
    assert {action for item in user for action in list_of(item["Action"])} == {need.action for need in needs}
    idle = [item for item in user if not any(allows([item], need) for need in needs)]
    assert idle == []


def test_policy__does_not_reach_beyond_our_own(everything: Calls) -> None:
    user, _ = read_policies()
    for need in (
        Need("sagemaker:StopTrainingJob", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/somebodys"),
        Need("s3:GetObject", f"arn:aws:s3:::{BUCKET}/abid/metadata/1.json"),
        Need("s3:PutObject", f"arn:aws:s3:::{BUCKET}/binrecon/jobs/{JOB}/output/model.tar.gz"),
        Need("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        Need("secretsmanager:GetSecretValue", secret_arn(SECRET)),
        Need("secretsmanager:DescribeSecret", secret_arn(f"{SECRET}-of-somebody")),
    ):
        assert not allows(user, need)


def test_policy_of_the_role__reaches_what_the_request_names(everything: Calls) -> None:
    """SageMaker reads and writes there under the role, not we: code, bins, checkpoints and results."""
    _, role = read_policies()
    (request,) = everything.given("CreateTrainingJob")
    code = request["HyperParameters"]["sagemaker_submit_directory"]
    read = [code, f"{request['InputDataConfig'][0]['DataSource']['S3DataSource']['S3Uri']}metadata/1.json"]
    written = [f"{request['OutputDataConfig']['S3OutputPath']}/{JOB}/output/model.tar.gz"]
    both = [f"{request['CheckpointConfig']['S3Uri']}/run/checkpoints/last.ckpt"]
    for action, addresses in (("s3:GetObject", read + both), ("s3:PutObject", written + both)):
        for address in addresses:
            need = Need(action, address.replace("s3://", "arn:aws:s3:::"))
            assert allows(role, need), need
    assert allows(role, Need("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))
    named = request["Environment"]["BINRECON_WANDB_SECRET"]
    assert allows(role, Need("secretsmanager:GetSecretValue", secret_arn(named)))
