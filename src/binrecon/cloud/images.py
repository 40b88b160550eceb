"""AWS's image for a version of PyTorch, in a region."""

import re

from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError

# https://aws.github.io/deep-learning-containers/reference/region_availability/, "Deep Learning Containers"
_ACCOUNT = "763104351884"
_COMMON_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
    "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "eu-north-1", "sa-east-1",
)  # fmt: skip
_ACCOUNTS = {
    **dict.fromkeys(_COMMON_REGIONS, _ACCOUNT),
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "me-west-1": "124382933778",
    "mx-central-1": "637423239942",
}
"""Region to the account whose registry has the images."""

# https://aws.github.io/deep-learning-containers/reference/available_images/, "PyTorch", platform SageMaker.
# Earlier ones have a torch below the 2.11 that binrecon needs.
_CUDA = {"2.11": "cu130", "2.12": "cu130", "2.13": "cu133", "2.14": "cu133"}
"""Version of PyTorch to the CUDA in the tag of its image."""

_WITH_GPU = re.compile(r"ml\.[gp]\d")
_OTHER_CHIPS = re.compile(r"ml\.(trn|inf)\d|ml\.[a-z]\d+g[a-z]*\.|ml\.p6e-gb")
"""Trainium, Inferentia, and machines with an Arm processor: AWS's images for PyTorch do not run there."""


def has_gpu(instance_type: str) -> bool:
    """Return whether a machine has a GPU, by its name.

    >>> has_gpu("ml.g5.xlarge"), has_gpu("ml.p4d.24xlarge"), has_gpu("ml.c5.xlarge")
    (True, True, False)
    """
    return _WITH_GPU.match(instance_type) is not None


def find_image(region: str, framework_version: str, instance_type: str) -> str:
    """Return the address of AWS's image.

    Raises:
        ConfigError: If AWS has none.

    >>> find_image("eu-south-1", "2.13", "ml.c5.xlarge")
    '692866216735.dkr.ecr.eu-south-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker'
    """
    if _OTHER_CHIPS.match(instance_type):
        raise ConfigError(
            [
                f"cloud.instance_type: {instance_type} has another processor than AWS's images for PyTorch "
                "are made for; choose one of ml.g or ml.p, or give your own cloud.image_uri"
            ]
        )
    if region not in _ACCOUNTS:
        raise ConfigError(
            [
                f"cloud.region: binrecon knows of no images of AWS's in '{region}'; if there are some, "
                f"give cloud.image_uri{did_you_mean(region, _ACCOUNTS)}"
            ]
        )
    version = ".".join(framework_version.split(".")[:2])
    if version not in _CUDA:
        raise ConfigError(
            [
                f"cloud.framework_version: no image of PyTorch {framework_version} is known; there are "
                f"{', '.join(_CUDA)}; for another give cloud.image_uri"
            ]
        )
    chip = _CUDA[version] if has_gpu(instance_type) else "cpu"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{_ACCOUNTS[region]}.dkr.ecr.{region}.{suffix}/pytorch:{version}-{chip}-amzn2023-sagemaker"
