"""Telemetry of dependencies is switched off before they are loaded."""

import os
import sys

_OPT_OUTS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub: names what uses it in the header of every download
    "NNCF_CI": "1",  # nncf: Google Analytics; its own switch
    "WANDB_ERROR_REPORTING": "false",  # W&B: crash reports to Sentry, even from offline runs
}


def keep_quiet() -> None:
    """Switch off the telemetry of libraries; a variable that is set already stays as it is.

    OpenVINO's sender knows no variable: it asks for a file below the home directory, writes another one
    there, and starts a process for every event. Where it cannot be imported, OpenVINO and NNCF do without.
    """
    for name, value in _OPT_OUTS.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: no such module
