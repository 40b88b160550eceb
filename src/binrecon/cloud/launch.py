"""The verb `launch`: start a job, list, follow, stop and fetch jobs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from binrecon.cloud.archive import Archive, build_archive
from binrecon.cloud.aws import Clients, connect, explaining
from binrecon.cloud.fetch import fetch_job
from binrecon.cloud.follow import follow, report_end
from binrecon.cloud.jobs import jobs_table, list_jobs, stop_job
from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.prices import Machines, describe_limit, read_prices
from binrecon.cloud.request import build_training_request
from binrecon.cloud.storage import check_places, code_address, describe_checkpoints, upload_code
from binrecon.cloud.tuning import build_tuning_request, count_jobs, describe_search
from binrecon.cloud.wandb_key import check_secret
from binrecon.console import get_console
from binrecon.report.text import print_wide

_TABLE_WIDTH = 140
"""Columns of a table where no terminal sets them."""


def launch(words: Sequence[str]) -> None:
    """Run the action of a command line.

    Args:
        words: An action, settings, and overrides of `train` that are sent to the job.

    Raises:
        BinreconError: If overrides, AWS or the job do not allow it.
    """
    plan, console = LaunchPlan(words), get_console()
    if plan.settings.do == "run":
        _run(plan, console)
        return
    with explaining(plan.cloud):
        _do(plan, connect(plan.cloud), console)


def _do(plan: LaunchPlan, clients: Clients, console: Console) -> None:
    settings, name = plan.settings, str(plan.settings.job)
    match settings.do:
        case "ls":
            prices = {} if settings.prices is None else read_prices(_to_path(settings.prices))
            print_wide(jobs_table(list_jobs(clients), prices), _TABLE_WIDTH)
        case "follow":
            report_end(console, follow(clients, console, name, plan.cloud.poll_s))
        case "stop":
            console.print(stop_job(clients, name), highlight=False)
        case "fetch":
            place = fetch_job(clients, name, _to_path(settings.output_root) / "launch")
            console.print(f"run folder: {place}", highlight=False)


def _run(plan: LaunchPlan, console: Console) -> None:
    archive = build_archive(plan.cloud.framework_version, plan.recipes)
    name = plan.make_name()
    request = _build_request(plan, name, archive)
    if plan.settings.dry_run:
        console.print(json.dumps(request, indent=2, ensure_ascii=False), highlight=False, markup=False)
    for line in _describe(plan, archive):
        console.print(line, highlight=False, markup=False)
    if plan.settings.dry_run:
        return
    with explaining(plan.cloud):
        clients = connect(plan.cloud)
        check_places(clients, plan.cloud)
        check_secret(clients, plan.cloud)
        for line in describe_checkpoints(clients, plan.cloud) if plan.search is None else ():
            console.print(line, highlight=False, markup=False)
        upload_code(clients, plan.cloud, archive)
        _create(plan, clients, request)
        console.print(f"job: {name}", highlight=False)
        if plan.settings.follow:
            report_end(console, follow(clients, console, name, plan.cloud.poll_s))


def _build_request(plan: LaunchPlan, name: str, archive: Archive) -> dict[str, Any]:
    code = code_address(plan.cloud, archive)
    if plan.search is None:
        return build_training_request(plan, name, code)
    return build_tuning_request(plan, plan.search, name, code)


def _describe(plan: LaunchPlan, archive: Archive) -> list[str]:
    """Say what is sent, what is searched otherwise than here, and what it may cost."""
    jobs = 1 if plan.search is None else count_jobs(plan.search)
    machines = Machines(plan.cloud.instance_type, plan.cloud.instance_count, jobs)
    prices = None if plan.settings.prices is None else _to_path(plan.settings.prices)
    return [
        archive.describe(),
        *([] if plan.search is None else describe_search(plan.search)),
        *plan.notes,
        describe_limit(machines, plan.cloud.max_runtime_h, prices, plan.cloud.is_spot),
    ]


def _create(plan: LaunchPlan, clients: Clients, request: Mapping[str, Any]) -> None:
    if plan.search is None:
        clients.sagemaker.create_training_job(**request)
    else:
        clients.sagemaker.create_hyper_parameter_tuning_job(**request)


def _to_path(text: str) -> Path:
    return Path(text).expanduser()
