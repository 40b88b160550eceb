"""The request that creates a training job, as SageMaker takes it."""

from collections.abc import Mapping
from typing import Any

from binrecon.cloud.archive import PROGRAM, read_commit
from binrecon.cloud.metric_lines import describe_metrics
from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.words import encode_words
from binrecon.config.cloud_settings import SageMakerConfig
from binrecon.training.run_folder import COMMIT_VARIABLE

CHANNELS = ("bins", "lists", "weights")
"""Names of channels, and of the keys of `cloud` that say what is in them."""

CHECKPOINTS = "/opt/ml/checkpoints"
"""Folder of the container that SageMaker keeps in sync with one in S3."""

OWN_TAG = "binrecon"
"""Tag of everything that `launch` makes; its value is the name of the job."""


def locate(cloud: SageMakerConfig, *parts: str) -> str:
    """Return an address in our part of the bucket.

    >>> locate(SageMakerConfig(bucket="b", prefix="team/binrecon"), "code", "x.tar.gz")
    's3://b/team/binrecon/code/x.tar.gz'
    """
    return "/".join(["s3:/", *filter(None, [cloud.bucket, cloud.prefix, *parts])])


def build_training_request(plan: LaunchPlan, name: str, code: str) -> dict[str, Any]:
    """Build what `CreateTrainingJob` takes.

    Args:
        plan: The plan of the job.
        name: Of the job.
        code: Address of the archive.
    """
    return {
        "TrainingJobName": name,
        **build_definition(plan, name, code),
        "HyperParameters": build_parameters(plan, code),
        "Tags": build_tags(plan.cloud, name),
    }


def build_definition(plan: LaunchPlan, name: str, code: str) -> dict[str, Any]:
    """Build what training jobs and tuning jobs have in common."""
    cloud = plan.cloud
    encrypted = {} if cloud.kms_key is None else {"KmsKeyId": cloud.kms_key}
    definition = {
        "AlgorithmSpecification": {
            "TrainingImage": plan.image,
            "TrainingInputMode": cloud.input_mode,
            "MetricDefinitions": describe_metrics(),
        },
        "RoleArn": cloud.role,
        "OutputDataConfig": {"S3OutputPath": locate(cloud, "jobs"), **encrypted},
        "ResourceConfig": _build_machines(cloud),
        "StoppingCondition": _build_limits(cloud),
        "EnableManagedSpotTraining": cloud.is_spot,
        "EnableInterContainerTrafficEncryption": cloud.encrypts_traffic,
        "CheckpointConfig": {
            "S3Uri": cloud.checkpoints or locate(cloud, "checkpoints", name),
            "LocalPath": CHECKPOINTS,
        },
    }
    return {**definition, **_build_what_is_given(plan)}


def _build_what_is_given(plan: LaunchPlan) -> dict[str, Any]:
    """Build what a request holds only where there is some of it."""
    parts: dict[str, Any] = {}
    cloud, commit = plan.cloud, read_commit()
    if variables := {**({} if commit is None else {COMMIT_VARIABLE: commit}), **plan.variables}:
        parts["Environment"] = variables
    if channels := list_channels(cloud):
        parts["InputDataConfig"] = [_build_channel(*channel) for channel in channels.items()]
    if cloud.subnets:
        parts["VpcConfig"] = {
            "Subnets": list(cloud.subnets),
            "SecurityGroupIds": list(cloud.security_groups),
        }
    return parts


def list_channels(cloud: SageMakerConfig) -> dict[str, str]:
    """List the channels that a job has, each with its address."""
    addresses: Mapping[str, str | None] = {name: getattr(cloud, name) for name in CHANNELS}
    return {
        name: address
        if name == "weights"
        else f"{address.rstrip('/')}/"  # else s3://b/abid is s3://b/abid2 too
        for name, address in addresses.items()
        if address is not None
    }


def build_parameters(plan: LaunchPlan, code: str) -> dict[str, str]:
    """Build the hyper-parameters: what the toolkit reads, and the overrides of `train`."""
    return {
        "sagemaker_program": PROGRAM,
        "sagemaker_submit_directory": code,
        "sagemaker_region": plan.cloud.region or "",
        **encode_words(plan.words),
    }


def build_tags(cloud: SageMakerConfig, name: str) -> list[dict[str, str]]:
    """Build the tags of a job: ours, and those of the configuration."""
    given = dict(tag.partition(":")[::2] for tag in cloud.tags)
    return [{"Key": key, "Value": value} for key, value in {OWN_TAG: name, **given}.items()]


def _build_machines(cloud: SageMakerConfig) -> dict[str, Any]:
    return {
        "InstanceType": cloud.instance_type,
        "InstanceCount": cloud.instance_count,
        "VolumeSizeInGB": cloud.volume_gb,
        **({} if cloud.kms_key is None else {"VolumeKmsKeyId": cloud.kms_key}),
    }


def _build_limits(cloud: SageMakerConfig) -> dict[str, int]:
    limits = {"MaxRuntimeInSeconds": round(cloud.max_runtime_h * 3600)}
    if cloud.is_spot:
        limits["MaxWaitTimeInSeconds"] = round(cloud.max_wait_h * 3600)
    return limits


def _build_channel(name: str, address: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
