from pathlib import Path

import pytest

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig
from binrecon.errors import CheckpointError
from binrecon.training.resumption import check_same_words
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_text

WORDS = ("source=synthetic", "model.weights=random", "optimizer=adam")


def compose(*words: str) -> TrainConfig:
    return to_typed(compose_config("train", [*WORDS, *words]))


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    folder = RunFolder(tmp_path)
    folder.write_config(compose())
    return folder.config


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("trainer.max_epochs=40", "callbacks=early_stopping"),
        ("trainer=ddp_cpu", "trainer.precision=bf16-mixed", "data.workers=3"),
        ("logger=wandb", "output_root=elsewhere", "source.root=moved", "features=live"),
        ("model.weights=imagenet", "data.labels=labels.csv"),
    ],
)
def test_check_same_words__may_change(words: tuple[str, ...], begun: Path) -> None:
    check_same_words(begun, compose(*words))


@pytest.mark.parametrize(
    ("word", "difference"),
    [
        ("optimizer.lr=0.5", "optimizer.lr: 0.001 there, 0.5 here"),
        ("seed=3", "seed: 0 there, 3 here"),
        ("data.balance=weights", "data.balance: none there, weights here"),
        ("monitor=val/rmse", "monitor: val/loss there, val/rmse here"),
        ("trainer.ema_decay=0.9", "trainer.ema_decay: None there, 0.9 here"),
    ],
)
def test_check_same_words__another_training(word: str, difference: str, begun: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        check_same_words(begun, compose(word))
    assert str(caught.value) == (
        f"the run in '{begun.parent}' was begun with other words ({difference}); go on with those, or start anew "
        "in another folder. What may change is trainer.max_epochs, machine, log, features and where the bins are"
    )


def test_check_same_words__another_optimizer(begun: Path) -> None:
    """Its own keys, which the run has not, are not named."""
    with pytest.raises(
        CheckpointError, match=r"\(optimizer.name: adam there, sgd here; optimizer.lr: 0.001 t"
    ):
        check_same_words(begun, compose("optimizer=sgd"))


def test_check_same_words__nothing_known(tmp_path: Path, begun: Path) -> None:
    check_same_words(tmp_path / "absent.yaml", compose("seed=3"))
    write_text(begun, "seed: 0\n")  # as if every other key had come later
    check_same_words(begun, compose("optimizer.lr=0.5"))


def test_check_same_words__damaged(begun: Path) -> None:
    write_text(begun, "seed: [")
    with pytest.raises(CheckpointError, match=r"config.yaml' cannot be read \(.*put back a copy of it"):
        check_same_words(begun, compose())
