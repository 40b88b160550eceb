from pathlib import Path

import pytest

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").touch()
    return tmp_path


def problems_of(*words: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("export", words))
    return caught.value.problems


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["format=onnx", "output=counter.onnx", "tta=none"],
        ["format=openvino_int8", "output=counter.xml", "tta=flip", "source_root=."],
    ],
)
def test_check_export__what_is_allowed(words: list[str], run: Path) -> None:
    validate(compose_config("export", [f"checkpoint={run}", *words]))


def test_check_export__without_a_run(tmp_path: Path) -> None:
    assert problems_of() == ("checkpoint: must be given; add checkpoint=VALUE",)
    assert problems_of(f"checkpoint={tmp_path}") == (
        f"checkpoint: '{tmp_path}' is not the folder of a run (it has no config.yaml); "
        "give the path that a run printed at its end, as outputs/train/DATE_TIME",
    )


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("format=onx", "format: 'onx' is none of onnx, openvino, openvino_int8. Did you mean 'onnx'?"),
        ("output=counter.xml", "output: 'counter.xml' must end in .onnx for format=onnx"),
        ("tta=side_on", "tta: side_on draws other looks at each photo, which no graph can; use flip or none"),
        ("tta=mirror", "tta: 'mirror' is none of none, flip"),
        ("photos=0", "photos: must be at least 1, got 0"),
        ("tolerance=0", "tolerance: must be above 0, got 0.0"),
        ("tolerance=nan", "tolerance: must be above 0, got nan"),
        (
            "source_root=nowhere",
            "source_root: 'nowhere' is not a folder; give the one that holds bin-images/",
        ),
    ],
)
def test_check_export__what_is_not(word: str, problem: str, run: Path) -> None:
    assert problems_of(f"checkpoint={run}", word) == (problem,)


def test_check_export__everything_at_once(run: Path) -> None:
    assert len(problems_of(f"checkpoint={run}", "format=onx", "tta=side_on", "tolerance=-1")) == 3
