from contextlib import nullcontext
from pathlib import Path

import pytest

from binrecon.config.compose import compose_config, list_options
from binrecon.config.loss_words import LOSSES_OF_HEADS
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


def problems_of(*overrides: str, config_name: str = "train") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config(config_name, overrides))
    return caught.value.problems


SYNTHETIC = "source=synthetic"


def test_validate__accepts_the_defaults_with_bins(tiny_bins: Path) -> None:
    validate(compose_config("train", [f"source.root={tiny_bins}"]))


def test_validate__show() -> None:
    validate(compose_config("show"))
    assert problems_of("photos=0", config_name="show") == ("photos: must be at least 1, got 0",)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("optimizer.lr=-1", "optimizer.lr: must be above 0, got -1.0"),
        ("optimizer.lr=nan", "optimizer.lr: must be above 0, got nan"),
        ("optimizer.lr=inf", "optimizer.lr: must be above 0, got inf"),
        ("optimizer.beta1=1.0", "optimizer.beta1: must be at least 0 and below 1, got 1.0"),
        ("optimizer.weight_decay=-0.1", "optimizer.weight_decay: must be at least 0, got -0.1"),
        ("trainer.max_epochs=0", "trainer.max_epochs: must be at least 1, got 0"),
        ("data.batch_size=0", "data.batch_size: must be at least 1, got 0"),
        ("seed=-1", "seed: must be at least 0, got -1"),
        ("head.dropout=1", "head.dropout: must be at least 0 and below 1, got 1.0"),
        ("+head.hidden_width=8", "head.hidden_width: unknown key; allowed are name, starts_at_prior, dropout, is_standardised"),
        ("+model.dropout=0.3", "model.dropout: unknown key; allowed are backbone, weights, pooling"),
        ("loss.label_smoothing=-0.1", "loss.label_smoothing: must be at least 0 and below 1, got -0.1"),
        ("head.name=mlp", "head.name: is 'linear' here, got 'mlp'; choose with head=mlp"),
        ("data.image_size=8", "data.image_size: must be at least 32, got 8"),
        ("data.val_fraction=0", "data.val_fraction: must be above 0, got 0.0"),
        (
            "data.resize=squish",
            "data.resize: 'squish' is none of squash, pad. Did you mean 'squash'?",
        ),
        ("data.balance=weight", "data.balance: 'weight' is none of none, sampler, weights. Did you mean 'weights'?"),
        (
            "trainer.precision=fp32",
            "trainer.precision: 'fp32' is none of 32-true, bf16-mixed, 16-mixed",
        ),
        (
            "trainer.precision=16-mixed",
            "trainer.precision: 16-mixed needs a GPU; on the CPU use 32-true or bf16-mixed",
        ),
        ("data.max_count=0", "data.max_count: must be above data.min_count=0, got 0"),
        (
            "data.test_fraction=0.9",
            "data.val_fraction + data.test_fraction: must be below 1 to leave training bins, got 1.05",
        ),
        (
            "optimizer.name=sgd",
            "optimizer.name: is 'adam' here, got 'sgd'; choose with optimizer=sgd",
        ),
        ("+optimizer.lrr=1", "optimizer.lrr: unknown key; allowed are name, lr, weight_decay, decays_biases, beta1, beta2, schedule, warmup_epochs. Did you mean 'lr'?"),
        ("model=timm", "model.backbone: must be given; add model.backbone=VALUE"),
        ("resume=nowhere", "resume: 'nowhere' does not exist; give the folder of a run"),
        (
            "model.weights=imagnet",
            "model.weights: 'imagnet' is neither imagenet nor random nor an existing file. "
            "Did you mean 'imagenet'?",
        ),
        ("callbacks.early_stopping_patience=0", "callbacks.early_stopping_patience: must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_validate__one_problem(override: str, problem: str) -> None:
    assert problems_of(SYNTHETIC, override) == (problem,)


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            ["regime=phased", "trainer.max_epochs=10"],
            "regime.phases: their epochs add up to 15, not to trainer.max_epochs=10; change one of them",
        ),
        (
            ["regime=phased", "regime.phases=[{epochs: 15, image_size: 16}]"],
            "regime.phases: phase 1 has an image_size below 32, 16",
        ),
        (
            ["regime=phased", "regime.phases=[{epochs: 15, lr: 0}]"],
            "regime.phases: the lr of phase 1 must be above 0, got 0.0",
        ),
        (
            ["regime=full", "regime.lr_groups=[{first_stage: stem, factor: -1}]"],
            "regime.lr_groups: the factor of 'stem' must be above 0, got -1.0",
        ),
        (
            ["regime=full", "features=cached"],
            "features: cached needs regime=frozen; regime=full changes them, use auto",
        ),
        (
            ["data.batch_size=20", "trainer.accumulate=3"],
            "trainer.accumulate: 20 photos cannot be shared evenly by 3 parts of a batch; "
            "use one of 1, 2, 4, 5, 10",
        ),
    ],
)
def test_validate__one_problem_of_words_together(overrides: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *overrides) == (problem,)


def test_validate__unknown_monitor_lists_what_is_logged() -> None:
    (problem,) = problems_of(SYNTHETIC, "monitor=val/acuracy")
    assert problem.startswith("monitor: 'val/acuracy' is not logged; logged are val/accuracy, val/macro_f1, ")
    assert problem.endswith("Did you mean 'val/accuracy'?")


def test_validate__devices() -> None:
    assert problems_of(SYNTHETIC, "trainer=ddp_cpu", "data.batch_size=7") == (
        "data.batch_size: 7 photos cannot be shared evenly by trainer.devices=2; use a multiple of 2",
    )
    assert problems_of(SYNTHETIC, "trainer=ddp_cpu", "trainer.devices=1") == (
        "trainer.devices: must be at least 2 for trainer=ddp_cpu, got 1; or use trainer=cpu",
    )
    assert problems_of(
        SYNTHETIC, "trainer=ddp", "trainer.devices=8", "trainer.nodes=2", "data.batch_size=24"
    ) == (
        "data.batch_size: 24 photos cannot be shared evenly by trainer.devices=8 on each of trainer.nodes=2; "
        "use a multiple of 16",
    )
    assert problems_of(SYNTHETIC, "trainer=cpu", "trainer.devices=0", "trainer.nodes=0") == (
        "trainer.nodes: 0, what srun started, is for trainer=slurm, got trainer=cpu",
        "trainer.devices: 0 is one process for each GPU; on the CPU give a number",
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            [],
            "trainer: fsdp shards what is trained and needs regime=full, got regime=frozen; use trainer=ddp",
        ),
        (
            ["regime=full", "trainer.ema_decay=0.9"],
            "trainer: fsdp has no mean of the weights; use trainer=ddp, or trainer.ema_decay=null",
        ),
    ],
)
def test_validate__fsdp(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, "trainer=fsdp", *words) == (problem,)


def test_validate__head_and_loss() -> None:
    words = [SYNTHETIC, "head=mlp", "loss=soft_labels"]
    validate(compose_config("train", [*words, "loss.soft_weight=1"]))
    assert problems_of(*words, "head.hidden_width=0", "loss.soft_weight=1.5") == (
        "head.hidden_width: must be at least 1, got 0",
        "loss.soft_weight: must be at least 0 and at most 1, got 1.5",
    )


def test_losses_of_heads__are_the_options() -> None:
    assert sorted(LOSSES_OF_HEADS) == sorted(list_options("head"))
    assert {loss for losses in LOSSES_OF_HEADS.values() for loss in losses} == set(list_options("loss"))


@pytest.mark.parametrize("head", LOSSES_OF_HEADS)
@pytest.mark.parametrize("loss", list_options("loss"))
def test_validate__every_head_with_every_loss(head: str, loss: str) -> None:
    config = compose_config("train", [SYNTHETIC, f"head={head}", f"loss={loss}"])
    with (
        nullcontext()
        if loss in LOSSES_OF_HEADS[head]
        else pytest.raises(ConfigError, match="does not go with")
    ):
        validate(config)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["head=coral"], "loss: cross_entropy does not go with head=coral; use loss=cumulative"),
        (["head=corn", "loss=soft_labels"], "loss: soft_labels does not go with head=corn; use loss=corn"),
        (
            ["loss=corn"],
            "loss: corn does not go with head=linear; "
            "use loss=cross_entropy or loss=soft_labels or loss=cumulative",
        ),
    ],
)
def test_validate__loss_of_another_head(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *words) == (problem,)


def test_validate__batches_too_small_to_normalise() -> None:
    words = [SYNTHETIC, "head=mlp", "data.batch_size=2", "trainer=ddp_cpu"]
    validate(compose_config("train", words))
    assert problems_of(*words, "trainer.syncs_batchnorm=false") == (
        "data.batch_size: this head normalises over the photos of the share that each of trainer.devices=2 has of a "
        "batch and needs at least 2 of them, 4 in all, got 2; use a larger one, or head=linear "
        "head.is_standardised=false",
    )


def test_validate__missing_root(tmp_path: Path) -> None:
    root = tmp_path / "nowhere"
    assert problems_of(f"source.root={root}") == (
        f"source.root: '{root}' is not a folder; give the folder that holds bin-images/ and metadata/ "
        "(source.root=PATH), or render bins with source=synthetic",
    )


def test_validate__output_below_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert problems_of(SYNTHETIC, f"output_root={file}/runs") == (
        f"output_root: '{file}/runs' cannot be written ({file} is a file); give a folder you may write to",
    )


def test_validate__two_problems_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("train", [SYNTHETIC, "optimizer.lr=-1", "data.batch_size=0"]))
    assert str(caught.value) == (
        "2 problems in the config\n"
        "  data.batch_size: must be at least 1, got 0\n"
        "  optimizer.lr: must be above 0, got -1.0"
    )


def test_validate__unset_variable() -> None:
    (problem,) = problems_of(SYNTHETIC, "output_root=${oc.env:BINRECON_NOT_SET}")
    assert problem == "output_root: Environment variable 'BINRECON_NOT_SET' not found"


def test_validate__fetch() -> None:
    validate(compose_config("fetch", ["subset=sample:500"]))
    assert problems_of("subset=sample:-1", config_name="fetch") == (
        "subset: sample:N takes a whole number of bins from 1 on, got '-1'",
    )


def test_validate__subset_of_a_source() -> None:
    validate(compose_config("train", ["source=abid"]))
    assert problems_of("source=abid", "source.subset=ids:/no/such/file") == (
        "source.subset: '/no/such/file' is not a file; give one with an id on each line",
    )


@pytest.mark.parametrize("split", ["grouped", "udacity"])
def test_validate__counts_from_lists_cannot_tell_groups(split: str) -> None:
    assert problems_of(SYNTHETIC, f"data.split={split}", "data.counts_from=lists") == (
        f"data.counts_from: lists give no products, and without them data.split={split} cannot tell which photos "
        "show one bin; use counts_from=records, or split=unc, stanford_all or stanford_150k",
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["source.parts=photos"],
            "source.parts: training with data.counts_from=records needs both, got photos",
        ),
        (
            ["source.parts=records", "data.counts_from=lists", "data.split=unc"],
            "source.parts: training with data.counts_from=lists needs both or photos, got records",
        ),
    ],
)
def test_validate__parts_that_training_needs(words: list[str], problem: str) -> None:
    assert problems_of("source=abid", *words) == (problem,)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["data.labels=gone.csv"],
            "data.labels: 'gone.csv' is not a file; give a labels.csv, as `reconcile --apply` writes it",
        ),
        (
            ["data.labels=gone.csv", "data.counts_from=lists", "data.split=unc"],
            "data.labels: stand in place of records, which data.counts_from=lists does not read; drop one of them",
        ),
    ],
)
def test_validate__labels(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *words) == (problem,)


def test_validate__counts_from_lists_needs_photos_only() -> None:
    validate(
        compose_config(
            "train", ["source=abid", "source.parts=photos", "data.counts_from=lists", "data.split=unc"]
        )
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["logger.project=a/b"],
            "logger.project: 'a/b' must have 1 to 128 characters and none of / \\ # ? % :",
        ),
        (["logger.group=''"], "logger.group: must have 1 to 128 characters, got 0; or give null"),
        (["logger.tags=['']"], "logger.tags: '' must have 1 to 64 characters, got 0"),
        (
            ["logger.mode=onlin"],
            "logger.mode: 'onlin' is none of auto, online, offline. Did you mean 'online'?",
        ),
        (["logger.finish_timeout_s=0"], "logger.finish_timeout_s: must be above 0, got 0.0"),
    ],
)
def test_validate__wandb(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, "logger=wandb", *words) == (problem,)


def test_validate__compare(tmp_path: Path) -> None:
    words = [f"runs=[{tmp_path}]", "group_by=[model,optimizer.lr,head.name]", "metric=rmse"]
    validate(compose_config("compare", words))
    assert problems_of(config_name="compare") == (
        "runs: must name run folders, or folders that hold some: binrecon compare outputs/train",
    )


def test_validate__every_problem_of_a_comparison_at_once() -> None:
    assert problems_of(
        "runs=[nowhere,neither]", "group_by=[optimzer,seed]", "metric=loss", "resamples=5", "seed=-1",
        config_name="compare",
    ) == (
        "seed: must be at least 0, got -1",
        "resamples: must be at least 100, got 5",
        "metric: 'loss' is none of accuracy, macro_f1, rmse, mae, rmse_of_mean, within_one_accuracy, nll, ece, "
        "accuracy_of_rounded_mean, rmse_of_rounded_mean, mae_of_rounded_mean, accuracy_of_median, rmse_of_median, mae_of_median",
        "runs: 'nowhere' is not a folder; give that of a run, or one that holds runs",
        "runs: 'neither' is not a folder; give that of a run, or one that holds runs",
        "group_by: 'optimzer' is no key of a run; use one such as model or optimizer.lr. Did you mean 'optimizer'?",
        "group_by: 'seed' leaves each run alone: the runs of a group are its seeds; leave it out",
    )  # fmt: skip


def test_validate__compare_groups_by_something(tmp_path: Path) -> None:
    assert problems_of(f"runs=[{tmp_path}]", "group_by=[]", config_name="compare") == (
        "group_by: must hold a key, got []; leave it out to group by all that differ",
    )
