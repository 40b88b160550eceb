from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.words import decode_words, encode_words
from binrecon.config.trials import compose_checked
from binrecon.errors import ConfigError

Planner = Callable[..., LaunchPlan]


def problems_of(plan: Planner, *words: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        plan(*words)
    return caught.value.problems


def test_plan__words_travel_as_given(plan: Planner) -> None:
    assert plan("optimizer=adam", "optimizer.lr=1e-4").words == (
        "source=synthetic", "optimizer=adam", "optimizer.lr=1e-4",
    )  # fmt: skip


def test_plan__words_mean_there_what_they_mean_here(plan: Planner) -> None:
    """Lists, quotes, commas, spaces, shell characters, other letters, and flags of Hydra's: from word to configuration."""
    words = plan(
        "logger=wandb", "logger.tags=[a,'b, c',\"ü 'q' \\\"d\\\"\"]", "logger.project='my $HOME `x` ; & | > ~ + = ü'",
        "regime=phased", "regime.phases=[{epochs: 2, first_stage: head}, {epochs: 7, image_size: 128, lr: 1e-3}]",
        "~callbacks", "++trainer.max_epochs=9", "monitor='val/rmse'",
    ).words  # fmt: skip
    here, there = (compose_checked("train", given) for given in (words, decode_words(encode_words(words))))
    assert there == here
    assert there.logger.tags == ["a", "b, c", "ü 'q' \"d\""]
    assert there.logger.project == "my $HOME `x` ; & | > ~ + = ü"


def test_plan__wrong_words_of_train(plan: Planner) -> None:
    assert problems_of(plan, "optimizer=adagrad") == (
        "optimizer=adagrad: no such option; allowed are adam, adamw, sgd, sgdr",
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["source=local"],
            "cloud.bins: must be given for source=local: cloud.bins=s3://BUCKET/PREFIX, which holds bin-images/ and "
            "metadata/; or use source=abid source.subset=all, or source=synthetic",
        ),
        (["cloud.bins=s3://bkt/abid"], "cloud.bins: is read by source=local alone, got source=synthetic"),
        (
            ["data.split=unc"],
            "cloud.lists: data.split=unc needs the lists: cloud.lists=s3://BUCKET/PREFIX",
        ),
        (
            ["trainer=gpu"],
            "cloud.instance_type: ml.c5.xlarge has no GPU, and trainer=gpu needs one; use for instance ml.g5.xlarge",
        ),
        (
            ["cloud.instance_type=ml.g5.xlarge"],
            "trainer: cpu would leave the GPU of ml.g5.xlarge idle; use trainer=gpu, or a machine without one, "
            "such as cloud.instance_type=ml.c5.2xlarge",
        ),
        (
            ["cloud.instance_type=ml.trn1.2xlarge"],
            "cloud.instance_type: ml.trn1.2xlarge has another processor than AWS's images for PyTorch are made for; "
            "choose one of ml.g or ml.p, or give your own cloud.image_uri",
        ),
        (
            ["cloud.region=us-gov-west-1"],
            "cloud.region: binrecon knows of no images of AWS's in 'us-gov-west-1'; if there are some, "
            "give cloud.image_uri. Did you mean 'us-west-1'?",
        ),
        (
            ["cloud.framework_version=2.8"],
            "cloud.framework_version: no image of PyTorch 2.8 is known; there are 2.11, 2.12, 2.13, 2.14; "
            "for another give cloud.image_uri",
        ),
    ],
)
def test_plan__contradictions(words: list[str], problem: str, plan: Planner) -> None:
    assert problems_of(plan, *words) == (problem,)


def test_plan__several_machines(plan: Planner) -> None:
    words = ("cloud.instance_count=2", "trainer=ddp_cpu")
    assert plan(*words).words == ("source=synthetic", "trainer=ddp_cpu", "trainer.nodes=2")
    assert problems_of(plan, *words, "trainer.nodes=3", "data.batch_size=120") == (
        "trainer.nodes: must be cloud.instance_count=2, got 3",
    )


def test_plan__no_slurm_there(plan: Planner) -> None:
    assert problems_of(plan, "trainer=slurm", "cloud.instance_type=ml.g5.xlarge", "trainer.nodes=1") == (
        "trainer: slurm is started by srun, which SageMaker has not; use gpu, ddp or fsdp",
    )


def test_plan__weights_of_this_machine(plan: Planner, tmp_path: Path) -> None:
    (tmp_path / "a.pth").touch()
    assert problems_of(plan, f"model.weights={tmp_path}/a.pth") == (
        f"model.weights: '{tmp_path}/a.pth' is a file of this machine; give it as cloud.weights=s3://BUCKET/KEY",
    )


def test_plan__what_a_job_does_not_install(plan: Planner) -> None:
    assert problems_of(plan, "features.engine=openvino", "features.precision=int8") == (
        "features.engine: openvino needs OpenVINO, which a job does not install; use auto",
        "features.precision: int8 needs OpenVINO, which a job does not install; use auto",
    )


def test_plan__two_kinds_of_weights(plan: Planner) -> None:
    """A channel would win, and nobody would know."""
    assert problems_of(plan, "model.weights=random", "cloud.weights=s3://bkt/a.pth") == (
        "cloud.weights: contradicts model.weights=random; leave one of them out",
    )


def test_plan__bins_that_a_machine_of_amazons_has_not(plan: Planner, tmp_path: Path) -> None:
    """It begins without any: what was fetched here is not there, nor is a file of ids."""
    assert problems_of(plan, "source=abid") == (
        "source.subset: fetched is what lies on a machine, and a job begins on an empty one; say what it is to "
        "fetch there, for instance source.subset=all or source.subset=sample:500, or give cloud.bins=s3://BUCKET/PREFIX",
    )
    (tmp_path / "ids.txt").write_text("00001\n")
    assert problems_of(plan, "source=abid", f"source.subset='ids:{tmp_path}/ids.txt'") == (
        f"source.subset: '{tmp_path}/ids.txt' is a file of this machine; copy its bins to S3 and give them as "
        "cloud.bins=s3://BUCKET/PREFIX",
    )
    assert plan("source=abid", "source.subset=sample:500").words[-1] == "source.subset=sample:500"


def test_plan__labels_travel(plan: Planner, tmp_path: Path) -> None:
    """Named by a word, or in a recipe."""
    (tmp_path / "a ä.csv").write_text("bin_id,recorded_count\n00001,2\n")
    (tmp_path / "mine.yaml").write_text(f"# @package _global_\ndata:\n  labels: '{tmp_path}/a ä.csv'\n")
    for word in (f"data.labels='{tmp_path}/a ä.csv'", f"experiment={tmp_path}/mine.yaml"):
        planned = plan(word)
        assert planned.words[-1] == "data.labels=recipes/labels.csv"
        assert sum("labels" in word for word in planned.words) == 1
        assert planned.recipes["labels.csv"] == (tmp_path / "a ä.csv").read_bytes()


def test_plan__an_image_of_ones_own(plan: Planner) -> None:
    assert plan("cloud.image_uri=me/mine:1", "cloud.region=us-gov-west-1").image == "me/mine:1"


def test_plan__other_actions_take_no_words_of_train() -> None:
    with pytest.raises(ConfigError) as caught:
        LaunchPlan(["ls", "cloud.region=us-east-1", "model=resnet18"])
    assert caught.value.problems == ("model=resnet18: ls takes no word of train",)


def test_plan__a_search_brings_its_monitor(plan: Planner) -> None:
    planned = plan("sweep=head", "head.dropout=0.5", "sweep.objectives=[val/rmse]")
    assert planned.search is not None
    assert set(planned.search.space) == {"optimizer.lr", "optimizer.weight_decay"}
    assert planned.words == ("source=synthetic", "head.dropout=0.5", "monitor=val/rmse")


def test_make_name(plan: Planner) -> None:
    name = plan().make_name(datetime(2026, 11, 26, 10, 15, 0, 123456, tzinfo=UTC))
    assert name == "binrecon-20261126-101500-123"
    assert plan("job=binrecon-mine").make_name() == "binrecon-mine"
