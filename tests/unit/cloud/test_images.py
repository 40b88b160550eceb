import pytest
from botocore.loaders import Loader

from binrecon.cloud.images import _CUDA, _OTHER_CHIPS, find_image, has_gpu


@pytest.mark.parametrize("version", _CUDA)
def test_find_image__of_every_version(version: str) -> None:
    image = find_image("eu-west-1", version, "ml.g5.xlarge")
    assert image.startswith(f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:{version}-cu13")


def test_find_image__in_china() -> None:
    assert find_image("cn-north-1", "2.13.0", "ml.c5.xlarge") == (
        "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch:2.13-cpu-amzn2023-sagemaker"
    )


def test_has_gpu__of_every_machine_that_boto3_knows() -> None:
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    machines = [name for name in shapes["TrainingInstanceType"]["enum"] if not _OTHER_CHIPS.match(name)]
    with_gpu = {name.split(".")[1] for name in machines if has_gpu(name)}
    without = {name.split(".")[1].split("-")[0] for name in machines if not has_gpu(name)}
    assert {"g4dn", "g5", "g6e", "p3", "p4d", "p5"} <= with_gpu
    assert all(family[0] in "cmrt" for family in without)
