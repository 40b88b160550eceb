"""Keys of `launch`: the cloud that trains, and the job it is given. Values live in `configs/`."""

from dataclasses import dataclass, field

from binrecon.config.options import MISSING, option

MAX_RUNTIME_H = 28 * 24
"""SageMaker's longest training job, in hours: docs.aws.amazon.com/general/latest/gr/sagemaker.html."""

RUN = "run"
"""Value of `do` that starts a job."""

LAUNCH_WORDS = (RUN, "ls", "follow", "stop", "fetch")
"""Values of `do`."""

JOB_PREFIX = "binrecon-"
"""Prefix of the names of our jobs: `ls` finds them by it, and a policy can be limited to it."""

INPUT_MODE_WORDS = ("File", "FastFile")
"""Values of `cloud.input_mode`, as SageMaker spells them."""


@dataclass
class CloudConfig:
    """Cloud that trains."""

    name: str = MISSING
    """Name of the cloud; set by the group option, not by hand."""


@dataclass
class SageMakerConfig(CloudConfig):
    """Amazon SageMaker: one machine with one GPU, not spot."""

    name: str = "sagemaker"
    region: str | None = "${oc.env:AWS_REGION,${oc.env:AWS_DEFAULT_REGION,null}}"
    """AWS region of jobs and bucket; AWS_REGION or AWS_DEFAULT_REGION, where they are set."""
    role: str | None = None
    """ARN of the role that the job works under: arn:aws:iam::ACCOUNT:role/NAME."""
    bucket: str | None = None
    """Bucket for code, results and checkpoints, without s3://."""
    prefix: str = "binrecon"
    """Prefix of all keys in that bucket, without a slash at the end."""
    bins: str | None = None
    """s3:// folder with bin-images/ and metadata/; becomes source.root."""
    lists: str | None = None
    """s3:// folder with the published lists; becomes lists_dir."""
    weights: str | None = None
    """s3:// address of a state dict of the backbone; becomes model.weights."""
    checkpoints: str | None = None
    """s3:// folder that checkpoints go to and come from; null makes one of the job's own."""
    input_mode: str = option("File", choices=INPUT_MODE_WORDS)
    """`File` copies what is in S3 before training, `FastFile` reads it at use, a request for each photo."""
    instance_type: str = "ml.g5.xlarge"
    """Machine, for instance ml.g5.xlarge; with a GPU where the trainer needs one."""
    instance_count: int = option(1, at_least=1)
    """Machines."""
    volume_gb: int = option(100, at_least=1)
    """Disk of each machine, in GB: bins, features and checkpoints."""
    max_runtime_h: float = option(24.0, above=0, at_most=MAX_RUNTIME_H)
    """Longest time that a job may train, in hours; SageMaker ends it then."""
    is_spot: bool = False
    """Train on spot instances, cheaper and interrupted at times; resumes from its checkpoint."""
    max_wait_h: float = option(48.0, above=0, at_most=MAX_RUNTIME_H)
    """Longest time of a spot job from start to end, waiting included, in hours."""
    framework_version: str = "2.13"
    """PyTorch of AWS's image, for instance 2.13."""
    image_uri: str | None = None
    """Another image, which has SageMaker's training toolkit; null for AWS's own."""
    subnets: list[str] = field(default_factory=list)
    """Subnets of the VPC to train in; empty trains outside of any."""
    security_groups: list[str] = field(default_factory=list)
    """Security groups in that VPC."""
    wandb_secret: str | None = None
    """Secret of AWS Secrets Manager, by name or ARN, that holds the API key of W&B, for logger=wandb."""
    kms_key: str | None = None
    """KMS key for results and for the machines' disks; null for S3's and SageMaker's own."""
    encrypts_traffic: bool = False
    """Encrypt the traffic between the machines of one job."""
    tags: list[str] = field(default_factory=list)
    """Tags of the job besides binrecon's own, each KEY:VALUE: [project:bins,team:vision]."""
    parallel_jobs: int = option(2, at_least=1)
    """Jobs of a tuning job that run at a time."""
    poll_s: float = option(10.0, above=0)
    """Seconds between two requests for the state of a job and its log."""
    endpoint_url: str | None = None
    """Another server for all of AWS, to test against; null for Amazon's."""


@dataclass
class LaunchConfig:
    """Everything that `launch` needs besides the keys of `train`."""

    cloud: CloudConfig = MISSING  # chosen by a group option
    do: str = option(choices=LAUNCH_WORDS)
    """`run` starts a job; `ls` lists ours, `follow` shows one until it ends, `stop` ends it, `fetch` brings
    its results. `do=` may be left out."""
    job: str | None = None
    """Name of a job, which begins with binrecon-; null makes one for `run`. After follow, stop
    and fetch, `job=` may be left out."""
    follow: bool = MISSING
    """Show the log until the job ends (`run`)."""
    dry_run: bool = MISSING
    """Print the request and its possible cost, and send nothing (`--dry-run`)."""
    prices: str | None = option(None, is_path=True)
    """YAML file with a line for each machine, `ml.g5.xlarge: 1.41`: dollars for an hour."""
    output_root: str = option(is_path=True)
    """Folder that gets the results of fetched jobs, in its launch/."""
