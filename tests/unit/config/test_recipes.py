"""Every published recipe against a copy of the published hyper-parameters."""

from dataclasses import asdict
from typing import Any

import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig

OF_ALL = {  # what Stanford's scripts, UNC's and the SGDR notebook have in common
    "data": {
        "min_count": 0,
        "max_count": 5,
        "above_range": "drop",
        "counts_from": "lists",
        "image_size": 224,
        "resize": "squash",
        "horizontal_flip": True,
        "batch_size": 128,
    },
    "loss": {"name": "cross_entropy", "label_smoothing": 0.0},
    "trainer": {"gradient_clip_norm": None, "ema_decay": None, "precision": "32-true", "accumulate": 1},
    "callbacks": {"early_stopping_patience": None},
    "monitor": "val/accuracy",
}
ALL_LAYERS = {
    "regime": {"name": "full", "first_stage": "stem", "lr_groups": []},
    "head": {"name": "linear", "dropout": 0.0, "is_standardised": False},
    "model": {"pooling": "average"},
}
ADAM = {
    "name": "adam", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0,
}  # fmt: skip


def sgd(lr: float, weight_decay: float) -> dict[str, Any]:
    """SGD, the learning rate divided by 10 every 10 epochs."""
    return {"name": "sgd", "lr": lr, "momentum": 0.9, "weight_decay": weight_decay}


SCHEDULES = {
    "sgd": {"name": "step", "warmup_epochs": 0.0, "step_epochs": 10, "step_factor": 0.1},
    "adam": {"name": "constant", "warmup_epochs": 0.0},
}


# recipe: split, backbone, epochs, optimizer
LAYERS_OF_ALL = {
    "stanford/resnet18_sgd": ("stanford_150k", "resnet18.tv_in1k", 20, sgd(0.1, 1e-3)),
    "stanford/resnet34_sgd": ("stanford_150k", "resnet34.tv_in1k", 22, sgd(0.01, 1e-2)),
    "stanford/resnet34_adam": ("stanford_150k", "resnet34.tv_in1k", 40, ADAM),
    "stanford/resnet34_adam_all": ("stanford_all", "resnet34.tv_in1k", 40, ADAM),
    "stanford/resnet50_adam_all": ("stanford_all", "resnet50.tv_in1k", 40, ADAM),
    "unc/resnet34_sgd": ("unc", "resnet34.tv_in1k", 40, sgd(0.1, 1e-4)),
}
PROPOSAL = {
    "proposal/resnet50_sgd": sgd(0.01, 0.0),
    "proposal/resnet50_adam": {**ADAM, "lr": 1.24e-3},
}


def compose(recipe: str) -> dict[str, Any]:
    config: TrainConfig = to_typed(compose_config("train", [f"experiment={recipe}"]))
    return asdict(config)


def check(found: dict[str, Any], wanted: dict[str, Any], where: str = "") -> None:
    for key, value in wanted.items():
        if isinstance(value, dict):
            check(found[key], value, f"{where}{key}.")
        else:
            assert found[key] == value, f"{where}{key}"


STARTS_AS_TORCH = {"head": {"init_bias_from_prior": False}, "optimizer": {"decays_biases": True}}


@pytest.mark.parametrize("recipe", LAYERS_OF_ALL)
def test_recipe__all_layers(recipe: str) -> None:
    split, backbone, epochs, optimizer = LAYERS_OF_ALL[recipe]
    weights = "random" if recipe.startswith("unc/") else "imagenet"
    found = compose(recipe)
    check(found, OF_ALL)
    check(found, ALL_LAYERS)
    check(found, {"model": {"backbone": backbone, "weights": weights}, "optimizer": optimizer})
    check(found, {"data": {"split": split, "augment": "none", "tta": "none"}})
    check(found, {"trainer": {"max_epochs": epochs}})
    check(found, STARTS_AS_TORCH)
    assert found["optimizer"].keys() == {*optimizer, "decays_biases"}, "nothing but what is published"
    assert found["schedule"] == SCHEDULES[optimizer["name"]]


@pytest.mark.parametrize("recipe", [recipe for recipe in LAYERS_OF_ALL if recipe.startswith("stanford/")])
def test_recipe__as_the_code_did_it_differs_by_its_weights_alone(recipe: str) -> None:
    said, done = compose(recipe), compose(f"{recipe}_scratch")
    assert (said["model"]["weights"], done["model"]["weights"]) == ("imagenet", "random")
    said["model"]["weights"] = "random"
    assert said == done


def test_recipe__sgdr() -> None:
    """The notebook's plan: 1 + 6 x 7 epochs, learning rates [lr/9, lr/3, lr], cycles of 1 + 2 + 4 epochs."""
    found = compose("stanford/resnet34_sgdr")
    check(found, OF_ALL)
    check(found, {"model": {"backbone": "resnet34.tv_in1k", "weights": "imagenet", "pooling": "concat"}})
    check(found, {"head": {"name": "mlp", "hidden_width": 512, "dropout": 0.5}})
    check(found, STARTS_AS_TORCH)
    check(found, {"data": {"split": "stanford_150k", "augment": "side_on", "tta": "side_on"}})
    check(found, {"optimizer": {"name": "sgdr", "lr": 0.008, "momentum": 0.9, "weight_decay": 0.0}})
    check(
        found,
        {"schedule": {"name": "warm_restarts", "first_cycle_epochs": 1, "cycle_mult": 2, "min_lr": 0.0}},
    )
    phases = found["regime"]["phases"]
    assert [(p["epochs"], p["first_stage"], p["image_size"], p["lr"] or 0.008) for p in phases] == [
        (1, "head", 64, 0.008),
        (7, "head", 64, 0.008),
        (7, "stem", 64, 0.008),
        (7, "head", 128, 0.008),
        (7, "stem", 128, 0.008),
        (7, "head", 224, 0.008),
        (7, "stem", 224, 0.001),
    ]
    groups = found["regime"]["lr_groups"]
    assert [(group["first_stage"], group["factor"]) for group in groups] == [
        ("stem", 1 / 9),
        ("stage3", 1 / 3),
    ]
    assert found["trainer"]["max_epochs"] == 43


@pytest.mark.parametrize("recipe", PROPOSAL)
def test_recipe__proposal(recipe: str) -> None:
    found = compose(recipe)
    check(found, {"model": {"backbone": "resnet50.tv_in1k", "weights": "imagenet", "pooling": "average"}})
    check(found, {"regime": {"name": "frozen"}, "head": ALL_LAYERS["head"], "loss": OF_ALL["loss"]})
    check(found, {"data": {"split": "udacity", "min_count": 1, "max_count": 5, "image_size": 224}})
    check(found, {"data": {"batch_size": 128, "counts_from": "records"}, "trainer": {"max_epochs": 10}})
    check(found, {"optimizer": PROPOSAL[recipe], "features": {"precision": "float32"}})
    assert found["schedule"] == SCHEDULES[PROPOSAL[recipe]["name"]]
