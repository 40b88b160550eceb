"""`binrecon launch`."""

from collections.abc import Sequence

from binrecon.verbs.verb import Verb


def _launch(words: Sequence[str]) -> None:
    from binrecon.cloud.launch import launch

    launch(words)


_JOBS = (
    "Words of `train` travel to the job; `binrecon train --help` lists them. With several values for a key,",
    "or sweep=NAME, SageMaker searches: a tuning job. --dry-run prints the request, and sends nothing.",
    "ls, follow NAME, stop NAME and fetch NAME need no cloud.role and no cloud.bucket.",
)

VERB = Verb(
    "train on SageMaker, by the words of `train`; see, stop and fetch what is there",
    _launch,
    (
        "cloud=sagemaker cloud.bucket=B cloud.role=ARN cloud.bins=s3://B/abid trainer=gpu --dry-run",
        "cloud.bucket=B cloud.role=ARN cloud.is_spot=true source=abid source.subset=all trainer=gpu",
        "cloud.bucket=B cloud.role=ARN cloud.bins=s3://B/abid trainer=gpu sweep=optimizer sweep.trials=20",
        "ls prices=prices.yaml",
        "fetch binrecon-20261126-101500-000",
    ),
    words="[ls | follow NAME | stop NAME | fetch NAME] [WORD OF train ...] ",
    notes=_JOBS,
)
