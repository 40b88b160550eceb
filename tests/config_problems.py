"""What is wrong with a configuration, and words that tests of it share."""

import pytest

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate
from binrecon.errors import ConfigError

SYNTHETIC = "source=synthetic"


def problems_of(*overrides: str, config_name: str = "train") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config(config_name, overrides))
    return caught.value.problems
