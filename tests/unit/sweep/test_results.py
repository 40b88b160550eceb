"""What a study gives back is data: others may have written into its storage."""

from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.search_space import build_space
from binrecon.errors import StudyError
from binrecon.sweep.place import Place
from binrecon.sweep.recipe import write_recipe
from binrecon.sweep.results import write_winner
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage
from binrecon.sweep.study import SweepStudy

SPACE = build_space({"optimizer.lr": "interval(0.1, 1)", "optimizer": "sgd,adam"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("+hydra.callbacks.x", "{_target_:os.system}"),
        ("hydra.launcher", "x"),
        ("optimizer.lr", "${oc.env:AWS_SECRET_ACCESS_KEY}"),
        ("optimizer", "../../../tmp/x"),
        ("seed", 3),
        ("optimizer.lr=1 -m", 1.0),
    ],
)
def test_write_winner__of_a_storage_that_was_changed(key: str, value: str | float, tmp_path: Path) -> None:
    quieten_optuna()
    place = Place(tmp_path)
    settings = to_typed(compose_config("sweep", [])).sweep
    study = SweepStudy("s", open_storage(None, place.journal), settings, SPACE, 4, {"model": "m"})
    study.optuna.add_trial(
        optuna.trial.create_trial(
            params={key: value}, distributions={key: CategoricalDistribution([value])}, value=0.1
        )
    )
    with pytest.raises(StudyError, match="trial 0 of the study 's' cannot be the winner") as caught:
        write_winner(study, ["source=synthetic"], place)
    assert key in str(caught.value)
    assert not place.recipe.exists()


def test_write_recipe__nothing_that_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE", "0.25")
    path = tmp_path / "best.yaml"
    write_recipe(path, ["source=synthetic", "optimizer.lr=${oc.env:RATE}", "lists_dir=elsewhere"], [])
    assert "${" not in path.read_text()
    assert "lr: 0.25" in path.read_text()
