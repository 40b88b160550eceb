"""Checks of the options of a search."""

import re
from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf

from binrecon.config.metric_names import monitor_names
from binrecon.config.spelling import did_you_mean


def check_sweep(config: DictConfig) -> Iterator[str]:
    """Check the settings of a search; its space is checked together with the keys of `train`."""
    if (sweep := OmegaConf.select(config, "sweep")) is None:
        return
    if sweep.trials is None and sweep.minutes is None:
        yield "sweep.trials: null here and in sweep.minutes, so that it would never end; give one of them"
    if not sweep.objectives:
        yield f"sweep.objectives: empty; give some of {', '.join(monitor_names())}"
    for objective in sweep.objectives:
        if objective not in monitor_names():
            allowed, hint = ", ".join(monitor_names()), did_you_mean(objective, monitor_names())
            yield f"sweep.objectives: '{objective}' is not logged; logged are {allowed}{hint}"
    if sweep.sampler == "cmaes" and len(sweep.objectives) > 1:
        yield "sweep.sampler: cmaes follows one objective alone; use tpe, random, gp or grid for several"
    if len(set(sweep.objectives)) < len(sweep.objectives):
        yield f"sweep.objectives: names one of {', '.join(sweep.objectives)} twice"
    if sweep.study is not None and not re.fullmatch(r"[\w.,=+-]{1,100}", sweep.study):
        yield f"sweep.study: '{sweep.study}' is no name; use up to 100 letters, digits and . , = + - _"
