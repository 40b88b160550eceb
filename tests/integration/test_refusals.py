"""What AWS refuses is one line that says what to do, from the first call of `binrecon launch` to the last."""

from pathlib import Path

import pytest
from tests.aws_server import REGION, ROLE
from tests.refusing_server import Refusal, run_refusing_server

from binrecon.cli import main

pytestmark = pytest.mark.enable_socket

JOB = [
    f"cloud.region={REGION}", "cloud.bucket=bkt", f"cloud.role={ROLE}", "cloud.instance_type=ml.c5.xlarge",
    "source=synthetic", "model=resnet18",
]  # fmt: skip
RENEW = "renew them, for instance with `aws sso login`"
POLICY = "add it to your policy (the README links to it)"


@pytest.mark.parametrize(
    ("refusal", "shown"),
    [
        (
            Refusal("GET", 400, "ExpiredToken", "The provided token has expired."),
            f"AWS does not take your credentials (ExpiredToken); {RENEW}",
        ),
        (
            Refusal(
                "GET", 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            ),
            f"AWS does not take your credentials (InvalidAccessKeyId); {RENEW}",
        ),
        (
            Refusal("GET", 403, "AccessDenied", "Access Denied"),
            f"AWS denies ListObjectsV2 in bucket 'bkt', which needs s3:ListBucket (Access Denied); {POLICY}",
        ),
        (
            Refusal("GET", 404, "NoSuchBucket", "The specified bucket does not exist"),
            f"cloud.bucket: no bucket 'bkt' in {REGION}; check name and region",
        ),
        (
            Refusal("PUT", 403, "AccessDenied", "Access Denied"),
            f"AWS denies PutObject in bucket 'bkt', which needs s3:PutObject (Access Denied); {POLICY}",
        ),
        (
            Refusal(
                "CreateTrainingJob", 400, "ResourceLimitExceeded",
                "The account-level service limit 'ml.c5.xlarge for training job usage' is 0 Instances",
            ),
            "cloud.instance_type: your account's quota does not allow 1 x ml.c5.xlarge (The account-level service limit "
            "'ml.c5.xlarge for training job usage' is 0 Instances); ask for more in Service Quotas, or choose another "
            "machine",
        ),
        (
            Refusal("CreateTrainingJob", 400, "ValidationException", f"Could not assume role {ROLE}."),
            f"cloud.role: SageMaker cannot work under '{ROLE}' (Could not assume role {ROLE}.); check its ARN, and that "
            "SageMaker may assume it",
        ),
        (
            Refusal(
                "CreateTrainingJob", 400, "AccessDeniedException",
                f"User: u is not authorized to perform: iam:PassRole on resource: {ROLE}",
            ),
            "AWS denies CreateTrainingJob (User: u is not authorized to perform: iam:PassRole on resource: "
            f"{ROLE}); {POLICY}",
        ),
        (
            Refusal("CreateTrainingJob", 400, "UnrecognizedClientException", "The security token is invalid."),
            f"AWS does not take your credentials (UnrecognizedClientException); {RENEW}",
        ),
    ],
    ids=lambda value: f"{value.of}-{value.code}" if isinstance(value, Refusal) else "",
)  # fmt: skip
def test_launch__refused(refusal: Refusal, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    with run_refusing_server(refusal) as url:
        assert main(["launch", *JOB, f"cloud.endpoint_url={url}"]) == 2
    assert capsys.readouterr().err == f"CloudError: {shown}\n"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("nobodys", "The config profile (nobodys) could not be found"),
        ("sso", "Error loading SSO Token: Token for mine does not exist"),
    ],
)
def test_launch__credentials_that_cannot_be_had(
    profile: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config").write_text(
        "[profile sso]\nsso_session = mine\nsso_account_id = 123456789012\nsso_role_name = x\n"
        f"[sso-session mine]\nsso_start_url = https://example.org/start\nsso_region = {REGION}\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["launch", *JOB]) == 2
    assert capsys.readouterr().err == (
        f"CloudError: AWS credentials cannot be had ({said}); renew them, for instance with `aws sso login`, "
        "or choose others by AWS_PROFILE\n"
    )
