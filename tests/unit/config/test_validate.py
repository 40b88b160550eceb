from pathlib import Path

import pytest
from tests.config_problems import SYNTHETIC, problems_of

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


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
        ("+head.hidden_width=8", "head.hidden_width: unknown key; allowed are name, init_bias_from_prior, dropout, is_standardised"),
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
        ("+optimizer.lrr=1", "optimizer.lrr: unknown key; allowed are name, lr, weight_decay, decays_biases, beta1, beta2. Did you mean 'lr'?"),
        ("+optimizer.min_lr=1", "optimizer.min_lr: is now called schedule.min_lr; give schedule.min_lr=VALUE"),
        ("optimizer.weight_decay=inf", "optimizer.weight_decay: must be a finite number, got inf"),
        ("data.train_share=1.5", "data.train_share: must be above 0 and at most 1, got 1.5"),
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


def test_validate__devices() -> None:
    assert problems_of(SYNTHETIC, "trainer=ddp_cpu", "data.batch_size=7") == (
        "data.batch_size: 7 photos cannot be shared evenly by trainer.devices=2; use a multiple of 2",
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


def test_validate__batches_too_small_to_normalise() -> None:
    words = [SYNTHETIC, "head=mlp", "data.batch_size=2", "trainer=ddp_cpu"]
    validate(compose_config("train", words))
    assert problems_of(*words, "trainer.syncs_batchnorm=false") == (
        "data.batch_size: this head normalises over the photos of the share that each of trainer.devices=2 has of a "
        "batch and needs at least 2 of them, 4 in all, got 2; use a larger one, or head=linear "
        "head.is_standardised=false",
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
