import pytest
from botocore.exceptions import ClientError, ParamValidationError

from binrecon.cloud.aws import connect, explain, explaining
from binrecon.config.cloud_settings import SageMakerConfig
from binrecon.errors import CloudError

CLOUD = SageMakerConfig(
    region="us-east-1", bucket="b", role="arn:r", instance_type="ml.p4d.24xlarge", instance_count=2
)


@pytest.mark.parametrize(
    ("code", "said", "shown"),
    [
        (
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.p4d.24xlarge for training job usage' is 0 Instances",
            "cloud.instance_type: your account's quota does not allow 2 x ml.p4d.24xlarge (The account-level service "
            "limit 'ml.p4d.24xlarge for training job usage' is 0 Instances); ask for more in Service Quotas, or "
            "choose another machine",
        ),
        (
            "ValidationException",
            "Could not assume role arn:r. Please ensure that the role exists",
            "cloud.role: SageMaker cannot work under 'arn:r' (Could not assume role arn:r. Please ensure that the "
            "role exists); check its ARN, and that SageMaker may assume it",
        ),
        (
            "ValidationException",
            "Value 'ml.p4d' at\n'resourceConfig.instanceType' failed to satisfy constraint",
            "cloud.instance_type: us-east-1 has no 'ml.p4d.24xlarge' for training (Value 'ml.p4d' at "
            "'resourceConfig.instanceType' failed to satisfy constraint)",
        ),
        (
            "ValidationException",
            "No S3 objects found under S3 URL",
            "cloud: an address in S3 is refused (No S3 objects found under S3 URL); check bucket, region and what "
            "the role may read",
        ),
        ("ValidationException", "no", "SageMaker refuses the request (no)"),
        (
            "AccessDeniedException",
            "User x is not authorized",
            "AWS denies CreateTrainingJob (User x is not authorized); add it to your policy (the README links to it)",
        ),
        (
            "ExpiredTokenException",
            "expired",
            "AWS does not take your credentials (ExpiredTokenException); renew them, for instance with `aws sso login`",
        ),
        ("NoSuchBucket", "none", "cloud.bucket: no bucket 'b' in us-east-1; check name and region"),
        (
            "ResourceInUse",
            "Job exists",
            "job: there is one of this name already (Job exists); give another, or none",
        ),
        (
            "ThrottlingException",
            "Rate exceeded",
            "AWS is asked too often (ThrottlingException); try again in a minute",
        ),
        ("Other", "thing", "AWS refuses CreateTrainingJob (Other: thing)"),
    ],
)
def test_explain(code: str, said: str, shown: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": said}}, "CreateTrainingJob")
    assert explain(CLOUD, error) == shown
    assert "\n" not in shown


def test_explaining__what_botocore_finds_itself() -> None:
    with pytest.raises(CloudError) as caught, explaining(CLOUD):
        raise ParamValidationError(report="Missing\nRoleArn")
    assert str(caught.value) == (
        "the request is not as SageMaker takes it (Parameter validation failed: Missing RoleArn)"
    )


def test_explaining__lets_bugs_through() -> None:
    with pytest.raises(ZeroDivisionError), explaining(CLOUD):
        _ = 1 / 0


def test_connect__a_wrong_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(CloudError) as caught:
        connect(CLOUD)
    assert str(caught.value) == (
        "AWS cannot be asked (Invalid endpoint: nowhere); look at AWS_ENDPOINT_URL and ~/.aws/config"
    )
