import importlib.util
import os
import sys

import pytest

import binrecon
from binrecon.telemetry import keep_quiet


def test_keep_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert binrecon.__version__
    assert importlib.util.find_spec("openvino_telemetry") is None
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "0")
    keep_quiet()
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "0", "what somebody has set stays"
    assert os.environ["NNCF_CI"] == "1"
    assert sys.modules["openvino_telemetry"] is None
