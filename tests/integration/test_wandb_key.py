"""A job comes by its key of W&B: from AWS Secrets Manager, as moto's server has it."""

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.aws_server import AWS_MARKS, REGION, AwsServer

from binrecon.cli import main
from binrecon.cloud import entry
from binrecon.cloud.wandb_key import read_key
from binrecon.cloud.words import encode_words
from binrecon.errors import CloudError
from binrecon.training.run_folder import RunFolder

pytestmark = AWS_MARKS

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def secrets(aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """The server, as a container finds AWS."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws_server.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    return aws_server


@pytest.mark.parametrize(
    "text", [KEY, f"{KEY}\n", json.dumps({"WANDB_API_KEY": KEY, "other": "x"})], ids=["text", "line", "JSON"]
)
def test_read_key(text: str, secrets: AwsServer, request: pytest.FixtureRequest) -> None:
    name = request.node.name.translate(str.maketrans("[]", "__"))
    arn = secrets.secrets.create_secret(Name=name, SecretString=text)["ARN"]
    assert read_key(name, REGION) == read_key(arn, REGION) == KEY


@pytest.mark.parametrize("text", ["no key at all", '{"KEY": "x"}', " "])
def test_read_key__not_a_key(text: str, secrets: AwsServer, request: pytest.FixtureRequest) -> None:
    name = f"bad{abs(hash(request.node.name))}"
    secrets.secrets.create_secret(Name=name, SecretString=text)
    with pytest.raises(CloudError) as caught:
        read_key(name, REGION)
    assert str(caught.value) == (
        f"cloud.wandb_secret: '{name}' holds no key of W&B; its text must be the key, or JSON such as "
        '{"WANDB_API_KEY": "…"}'
    )


def test_read_key__absent(secrets: AwsServer) -> None:
    with pytest.raises(CloudError) as caught:
        read_key("absent", REGION)
    assert str(caught.value).startswith(
        "cloud.wandb_secret: 'absent' cannot be read (An error occurred (Resource"
    )
    assert str(caught.value).endswith("that the role of the job may read it: secretsmanager:GetSecretValue")


@pytest.fixture(autouse=True)
def _keep_handler() -> Iterator[None]:
    kept = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, kept)


@pytest.fixture
def opt_ml(tmp_path: Path) -> Path:
    """What SageMaker tells the machines of a job that has two."""
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    machines = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"], "network_interface_name": "lo"}
    files = {
        "hyperparameters": {"sagemaker_region": REGION, **encode_words(["source=synthetic", "logger=wandb"])},
        "resourceconfig": machines,
        "inputdataconfig": {},
    }
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


@pytest.mark.parametrize(("host", "expected"), [("algo-1", KEY), ("algo-2", None)])
def test_entry__the_first_machine_logs(
    host: str, expected: str | None, opt_ml: Path, secrets: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.secrets.create_secret(Name=f"key-of-{host}", SecretString=KEY)
    given: list[Mapping[str, str]] = []

    def run(command: Sequence[str], variables: Mapping[str, str], folder: RunFolder) -> tuple[int, str]:
        given.append(variables)
        return 1, "not run"

    monkeypatch.setattr(entry, "run_watched", run)
    monkeypatch.setenv("BINRECON_ML_ROOT", str(opt_ml))
    monkeypatch.setenv("BINRECON_WANDB_SECRET", f"key-of-{host}")
    monkeypatch.setenv("SM_CURRENT_HOST", host)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert entry.main() == 1
    assert [variables.get("WANDB_API_KEY") for variables in given] == [expected]


def test_entry__a_secret_that_is_not_there(
    opt_ml: Path, secrets: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails at once, and says why where SageMaker shows it."""
    monkeypatch.setenv("BINRECON_ML_ROOT", str(opt_ml))
    monkeypatch.setenv("BINRECON_WANDB_SECRET", "absent")
    assert entry.main() == 2
    assert (opt_ml / "output" / "failure").read_text().startswith("CloudError: cloud.wandb_secret: 'absent' ")


def test_launch__a_secret_that_is_not_there(secrets: AwsServer, capsys: pytest.CaptureFixture[str]) -> None:
    bucket = secrets.make_bucket("no-secret")
    words = [
        "source=synthetic",
        "cloud.instance_type=ml.c5.xlarge",
        "logger=wandb",
        "cloud.wandb_secret=absent",
    ]
    assert main(["launch", *secrets.words(bucket), *words]) == 2
    assert capsys.readouterr().err == (
        "CloudError: cloud.wandb_secret: no secret 'absent' in us-east-1; check name and region\n"
    )
    assert secrets.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0, "the code was not sent"
