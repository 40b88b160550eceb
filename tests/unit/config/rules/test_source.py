from tests.config_problems import problems_of

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate


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
