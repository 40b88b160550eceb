"""W&B in a job: what of its settings travels, and how the container comes by a key that no request holds."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omegaconf import DictConfig

from binrecon.config.cloud_settings import SageMakerConfig
from binrecon.config.schema import WandbLoggerConfig
from binrecon.errors import CloudError

if TYPE_CHECKING:
    from binrecon.cloud.aws import Clients

KEY_VARIABLE = "WANDB_API_KEY"
SECRET_VARIABLE = "BINRECON_WANDB_SECRET"  # noqa: S105  # holds the name of a secret
"""Says in a container which secret of AWS Secrets Manager holds the key."""

_BASE_URL = "WANDB_BASE_URL"
_SETTINGS = (_BASE_URL, "WANDB_ENTITY", "WANDB_PROJECT")
"""Variables of this shell that a run means, and which are no secrets."""

_WANDB = WandbLoggerConfig().name


def travelling(config: DictConfig, cloud: SageMakerConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a job needs for W&B; none where it logs elsewhere.

    Args:
        config: Of the training.
        cloud: Settings of the job.
        environment: Of this process.
    """
    if config.logger.name != _WANDB:
        return {}
    secret = {} if cloud.wandb_secret is None else {SECRET_VARIABLE: cloud.wandb_secret}
    return {**secret, **{name: environment[name] for name in _SETTINGS if environment.get(name)}}


def find_problems(
    config: DictConfig, cloud: SageMakerConfig, environment: Mapping[str, str]
) -> Iterator[str]:
    """Yield what contradicts between the log of a training and where it shall run."""
    if config.logger.name != _WANDB:
        if cloud.wandb_secret is not None:
            yield f"cloud.wandb_secret: is read by logger=wandb alone, got logger={config.logger.name}"
        return
    if config.logger.mode == "online" and cloud.wandb_secret is None:
        yield (
            "logger.mode: online needs an API key of W&B in the job; put it into AWS Secrets Manager and "
            "give cloud.wandb_secret=NAME, or use logger.mode=auto, which without a key is offline"
        )
    if "@" in urlsplit(environment.get(_BASE_URL, "")).netloc:
        yield f"{_BASE_URL}: holds a password, which must not be part of a request; give it without"


def describe(config: DictConfig, cloud: SageMakerConfig) -> Iterator[str]:
    """Say how a run is to come to W&B, where it does not go there by itself."""
    if config.logger.name == _WANDB and cloud.wandb_secret is None:
        yield (
            "W&B: offline, since the job has no key (cloud.wandb_secret gives it one); binrecon launch fetch "
            "brings what `wandb sync` uploads"
        )


def check_secret(clients: "Clients", cloud: SageMakerConfig) -> None:
    """Make sure, before anything is paid for, that the secret is there; its value is not asked for."""
    if cloud.wandb_secret is not None:
        clients.secrets.describe_secret(SecretId=cloud.wandb_secret)


def read_key(secret: str, region: str) -> str:
    """Read the key, under the role of the job.

    Args:
        secret: Name or ARN in AWS Secrets Manager. Its text is the key, or JSON with the key as
            `WANDB_API_KEY`, which is how AWS's console writes it.
        region: AWS region.

    Raises:
        CloudError: If it cannot be read, or holds none.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("secretsmanager", region_name=region or None).get_secret_value(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        said = " ".join(str(error).split())
        raise CloudError(
            f"cloud.wandb_secret: '{secret}' cannot be read ({said}); check that it is there, and that the "
            "role of the job may read it: secretsmanager:GetSecretValue"
        ) from error
    key = _find_key(answer.get("SecretString", ""))
    if not key or any(letter.isspace() for letter in key):
        raise CloudError(
            f"cloud.wandb_secret: '{secret}' holds no key of W&B; its text must be the key, or JSON such as "
            f'{{"{KEY_VARIABLE}": "…"}}'
        )
    return key


def _find_key(text: str) -> str:
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        return text.strip()
    if isinstance(values, dict):
        return str(values.get(KEY_VARIABLE, "")).strip()
    return text.strip()  # a key of digits alone is JSON too
