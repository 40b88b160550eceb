import pytest

from binrecon.config.record_errors import RecordErrorsConfig, check_record_errors


def test_check_record_errors__defaults_are_fine() -> None:
    assert list(check_record_errors(RecordErrorsConfig())) == []


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (RecordErrorsConfig(rate=-0.1), "record_errors.rate: must be at least 0 and below 1, got -0.1"),
        (RecordErrorsConfig(rate=1), "record_errors.rate: must be at least 0 and below 1, got 1"),
        (
            RecordErrorsConfig(rate=float("nan")),
            "record_errors.rate: must be at least 0 and below 1, got nan",
        ),
        (
            RecordErrorsConfig(swap=-1),
            "record_errors.swap: must be a finite number of at least 0, got -1.0",
        ),
        (
            RecordErrorsConfig(off_by_two=float("inf")),
            "record_errors.off_by_two: must be a finite number of at least 0, got inf",
        ),
        (
            RecordErrorsConfig(0.01, 0, 0, 0, 0),
            "record_errors: off_by_one, off_by_two, missing_sku, swap are all 0; give one of them a weight, or set "
            "record_errors.rate=0",
        ),
    ],
)
def test_check_record_errors__refuses(config: RecordErrorsConfig, problem: str) -> None:
    assert list(check_record_errors(config)) == [problem]


def test_check_record_errors__without_errors_no_weight_is_needed() -> None:
    assert list(check_record_errors(RecordErrorsConfig(0, 0, 0, 0, 0))) == []
