import subprocess
import sys
from dataclasses import fields

import pytest

from binrecon.config.parts import ROOMS, find_part, load_parts, name_part, read_part
from binrecon.errors import ConfigError

EVERY_PART = [(group, name) for group in ROOMS for name in load_parts(group)]


@pytest.mark.parametrize(("group", "name"), EVERY_PART)
def test_load_parts__each_has_its_name_and_says_what_it_is(group: str, name: str) -> None:
    part = find_part(group, name)
    assert {item.name: item.default for item in fields(part)}["name"] == name
    assert name_part(group, part) == name
    assert part.__doc__
    assert not part.__doc__.startswith(f"{part.__name__}("), "it would be what dataclass writes"


def test_find_part__of_no_such_name() -> None:
    with pytest.raises(ConfigError) as caught:
        find_part("schedule", "cosin")
    assert caught.value.problems == (
        "schedule=cosin: no such option; allowed are constant, step, cosine, warm_restarts. Did you mean 'cosine'?",
    )


def test_read_part() -> None:
    assert read_part("loss", {"name": "cumulative"}) == find_part("loss", "cumulative")()
    with pytest.raises(ConfigError, match=r"optimizer\.step_epochs: is now called schedule\.step_epochs"):
        read_part("optimizer", {"name": "sgd", "step_epochs": 3})


def test_load_parts__needs_no_torch() -> None:
    code = (
        "import sys; from binrecon.config.parts import ROOMS, load_parts; "
        "[load_parts(group) for group in ROOMS]; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
