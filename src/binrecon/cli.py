"""The verbs: `binrecon train …` is `python train.py …`."""

import contextlib
import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from binrecon.errors import BinreconError, IncompleteFetchError

if TYPE_CHECKING:
    from omegaconf import DictConfig

EXIT_MISUSE = 2
EXIT_INCOMPLETE = 3
EXIT_INTERRUPTED = 130

_STOPPED = (
    "stopped; a fetch, a sweep, a reconciliation or a reproduction goes on with the same command, "
    "a training run with `binrecon train resume=RUN_FOLDER`\n"
)


_HYDRA = (
    "Hydra's flags: --multirun (-m) runs every combination of comma-separated values, --cfg job",
    "prints the configuration, --hydra-help tells the rest.",
)


class Verb(NamedTuple):
    """One thing that the command line does; its configuration is `configs/NAME.yaml`."""

    summary: str
    run: Callable[[Sequence[str]], None]
    examples: tuple[str, ...]
    words: str = ""
    notes: tuple[str, ...] = _HYDRA


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb.

    Args:
        arguments: A verb, then Hydra overrides; those of the process by default.

    Returns:
        Exit status: 0, or 2 after an error that the user can mend, or 3 if a fetch left objects out, or 130
        after Ctrl-C or SIGTERM.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_list_verbs())
        return 0
    try:
        with _heeding_sigterm():
            return _run(words[0], words[1:])
    except BinreconError as error:
        if words[0] != "train" or _speaks():
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return EXIT_INCOMPLETE if isinstance(error, IncompleteFetchError) else EXIT_MISUSE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        place = f" at '{error.filename}'" if error.filename else ""
        sys.stderr.write(
            f"OutputError: the disk is full{place}; free some space, then go on: a training run with "
            "resume=RUN_FOLDER, all else with the same command\n"
        )
        return EXIT_MISUSE
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED)
        return EXIT_INTERRUPTED


@contextlib.contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """Stop after SIGTERM, which `kill`, containers and clusters send, as after Ctrl-C."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _speaks() -> bool:
    """Whether this is the first process on its machine, of those that torchrun or srun started together."""
    return os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0")) == "0"


def _run(name: str, words: Sequence[str]) -> int:
    verb = VERBS.get(name)
    if verb is None:
        from binrecon.config.spelling import did_you_mean

        hint = did_you_mean(name, VERBS)
        sys.stderr.write(f"'{name}' is no verb of binrecon; there are {', '.join(VERBS)}{hint}\n")
        return EXIT_MISUSE
    if {"-h", "--help"} & set(words):
        sys.stdout.write(_explain_verb(name, verb))
        return 0
    verb.run(words)
    return 0


def _train(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb
    from binrecon.training.place import find_place, words_of_job
    from binrecon.training.run_folder import words_to_resume

    words = words_of_job(words_to_resume(words), find_place(os.environ))
    folders = run_verb("train", words, _train_once)
    if len(folders) > 1:
        sys.stdout.write(f"{len(folders)} runs; rank them with: binrecon compare {folders[0].parent}\n")


def _train_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> float | None:
    with _loading():
        from binrecon.config.compose import to_typed
        from binrecon.training.place import find_place
        from binrecon.training.run import train
        from binrecon.training.run_folder import RunFolder

    return train(to_typed(config), RunFolder(run_dir), overrides, place=find_place(os.environ))


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Load libraries without looking for garbage among them, now and when the process ends: 2 s of 12."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def _show(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("show", words, _show_once)


def _show_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.report.contact_sheet import draw_contact_sheet

    draw_contact_sheet(to_typed(config))


def _fetch(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("fetch", ["dry_run=true" if word == "--dry-run" else word for word in words], _fetch_once)


def _fetch_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.sources.s3.command import fetch

    fetch(to_typed(config), run_dir)


def _features(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    first, *rest = words or ("ls",)
    given = [first if "=" in first or first.startswith("-") else f"action={first}", *rest]
    run_verb("features", given, _features_once)


def _features_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.features.command import features

    features(to_typed(config))


def _sweep(words: Sequence[str]) -> None:
    from binrecon.sweep.plan import Plan

    plan = Plan(words)  # what is wrong with it is said before torch and Optuna are loaded
    with _loading():
        from binrecon.sweep.command import sweep

    sweep(plan)


def _reproduce(words: Sequence[str]) -> None:
    with _loading():
        from binrecon.reproduce.command import reproduce

    reproduce(words)


def _calibrate(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, word_to_run

    run_verb("calibrate", word_to_run(words), _calibrate_once)


def _calibrate_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    with _loading():
        from binrecon.config.compose import to_typed
        from binrecon.training.recalibrate import calibrate

    calibrate(to_typed(config))


def _export(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("export", words, _export_once)


def _export_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    with _loading():
        from binrecon.config.compose import to_typed
        from binrecon.inference.export import export

    export(to_typed(config))


def _compare(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, words_to_compare

    run_verb("compare", words_to_compare(words), _compare_once)


def _compare_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.compare.command import compare
    from binrecon.config.compose import to_typed

    compare(to_typed(config), run_dir)


def _reconcile(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, words_to_apply

    if (applied := words_to_apply(words)) is not None:
        run_verb("apply", applied, _apply_once)
    elif "--evaluate" in words:
        run_verb("evaluate", [word for word in words if word != "--evaluate"], _evaluate_once)
    else:
        run_verb("reconcile", words, _reconcile_once)


def _apply_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.reconcile.apply import apply

    apply(to_typed(config))


def _reconcile_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    with _loading():
        from binrecon.config.compose import to_typed
        from binrecon.reconcile.command import reconcile

    reconcile(to_typed(config), run_dir)


def _evaluate_once(config: "DictConfig", run_dir: Path, overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.reconcile.evaluate.command import evaluate

    evaluate(to_typed(config), run_dir)


def _launch(words: Sequence[str]) -> None:
    from binrecon.cloud.launch import launch

    launch(words)


_JOBS = (
    "Words of `train` travel to the job; `binrecon train --help` lists them. With several values for a key,",
    "or sweep=NAME, SageMaker searches: a tuning job. --dry-run prints the request, and sends nothing.",
    "ls, follow NAME, stop NAME and fetch NAME need no cloud.role and no cloud.bucket.",
)

_SEARCH = (
    "Words of `train` with one value hold for every trial; those with several are searched:",
    "  'KEY=interval(LOW, HIGH)'   'KEY=tag(log, interval(LOW, HIGH))'   'KEY=int(interval(LOW, HIGH))'",
    "  'KEY=range(START, STOP, STEP)'   'KEY=choice(A, B, ...)'   or for short KEY=A,B",
    "`binrecon train --help` lists them. The same command again goes on where a study was stopped.",
)

_AUDIT = (
    "`--apply FILE` reads what the page exported: finds, precision so far, labels for the next training. It",
    "looks for the reconciliation below output_root=outputs, or takes it from results=FOLDER.",
    *_HYDRA,
)

_TABLES = (
    "NAME is a published table (stanford, proposal, unc) or a study (a folder of experiments/).",
    "Words of `train` hold for every run; `binrecon train --help` lists them. --rehearse, --estimate and",
    "--check are rehearse=true and so on. The same command again goes on where it stopped.",
)

VERBS = {
    "fetch": Verb(
        "bring bins from S3 into a folder",
        _fetch,
        (
            "subset=sample:500 --dry-run",
            "subset=sample:500",
            "subset=unc lists_dir=data/lists source.parts=photos",
            "subset=all verify=true",
        ),
    ),
    "train": Verb(
        "train a counter and test it; `binrecon sweep` searches for good hyper-parameters",
        _train,
        (
            "experiment=quickstart",
            "source.root=data/abid model=resnet50 optimizer=adam",
            "source.root=data/abid model=resnet18,resnet34 optimizer=sgd,sgdr,adam --multirun",
            "source.root=data/abid model=resnet50 optimizer=sgd,adam logger=wandb --multirun",
            "resume=outputs/train/2026-11-23_12-00-00_000000 trainer.max_epochs=30",
        ),
    ),
    "sweep": Verb(
        "search for good hyper-parameters of `train`, whose words it takes too",
        _sweep,
        (
            "sweep=head model=resnet50 optimizer=adam source.root=data/abid",
            "sweep=optimizer sweep.trials=200 sweep.sampler=random source.root=data/abid",
            "sweep=settings 'optimizer.lr=tag(log, interval(1e-4, 1e-1))' 'head.dropout=choice(0.0, 0.5)'",
            "sweep.storage=postgresql://me@db/studies sweep.study=adam50 model=resnet50",
        ),
        words="[WORD OF train ...] ",
        notes=_SEARCH,
    ),
    "reproduce": Verb(
        "run published rows again, beside what was published; or a study",
        _reproduce,
        (
            "stanford source.root=data/abid lists_dir=data/lists trainer=gpu",
            "stanford --estimate source.root=data/abid lists_dir=data/lists trainer=gpu",
            "stanford --rehearse seeds=1 source=synthetic data.split=grouped data.counts_from=records",
            "unc rows=[resnet34_sgd] seeds=1 source.root=data/abid lists_dir=data/lists",
            "optimizers --check",
        ),
        words="NAME [WORD OF train ...] ",
        notes=_TABLES,
    ),
    "launch": Verb(
        "train on SageMaker, by the words of `train`; see, stop and fetch what is there",
        _launch,
        (
            "cloud=sagemaker cloud.bucket=B cloud.role=ARN cloud.bins=s3://B/abid trainer=gpu --dry-run",
            "cloud.bucket=B cloud.role=ARN cloud.is_spot=true source=abid trainer=gpu model=resnet50",
            "cloud.bucket=B cloud.role=ARN source=abid trainer=gpu sweep=optimizer sweep.trials=20",
            "ls prices=prices.yaml",
            "fetch binrecon-20261126-101500-000",
        ),
        words="[ls | follow NAME | stop NAME | fetch NAME] [WORD OF train ...] ",
        notes=_JOBS,
    ),
    "compare": Verb(
        "rank runs, and say which differences are more than chance",
        _compare,
        (
            "outputs/train",
            "outputs/multirun/2026-11-23_12-00-00_000000 outputs/train metric=rmse",
            "outputs/train group_by=[model,optimizer,head]",
            "runs/old runs/new allow_mixed=true output_dir=outputs/old_and_new",
        ),
        words="RUN_FOLDER ... ",
    ),
    "calibrate": Verb(
        "make a run's probabilities honest, where it has no calibration or is to have another",
        _calibrate,
        (
            "outputs/train/2026-11-23_12-00-00_000000",
            "outputs/train/2026-11-23_12-00-00_000000 method=vector",
        ),
        words="RUN_FOLDER ",
    ),
    "reconcile": Verb(
        "say which bins to recount, from photos and records",
        _reconcile,
        (
            "checkpoint=outputs/train/2026-11-23_12-00-00_000000 source.root=data/abid budget=0.5%",
            "checkpoint=runs/best source.root=photos inventory=records.csv 'budget=200 bins'",
            "checkpoint=runs/best source.root=photos inventory=wms.csv bin_column=Location count_column=Qty",
            "--evaluate checkpoint=outputs/train/2026-11-23_12-00-00_000000",
            "--apply audit.csv",
        ),
        notes=_AUDIT,
    ),
    "export": Verb(
        "write a run's counter as ONNX or for OpenVINO",
        _export,
        (
            "checkpoint=outputs/train/2026-11-23_12-00-00_000000",
            "checkpoint=outputs/train/2026-11-23_12-00-00_000000 format=openvino_int8 photos=400",
            "checkpoint=outputs/train/2026-11-23_12-00-00_000000 tta=none output=counters/bins.onnx",
        ),
    ),
    "features": Verb(
        "list, check or remove kept features",
        _features,
        ("ls", "verify", "prune unused_days=7"),
    ),
    "show": Verb(
        "draw a sheet of bins with their recorded counts",
        _show,
        ("source=synthetic", "source=local source.root=data/abid photos=48 path=bins.png"),
    ),
}


def _list_verbs() -> str:
    lines = [f"  {name:<9} {verb.summary}" for name, verb in VERBS.items()]
    return "\n".join(
        ["usage: binrecon VERB [KEY=VALUE ...]", "", *lines, "", "binrecon VERB --help tells more", ""]
    )


def _explain_verb(name: str, verb: Verb) -> str:
    """List what can be chosen and what can be set, from the configuration files themselves."""
    from binrecon.config.help import describe_groups, describe_keys

    groups = list(describe_groups(name))
    return "\n".join(
        [
            f"usage: binrecon {name} {verb.words}[KEY=VALUE ...]     {verb.summary}",
            "",
            *(["Choose by a word (group=option):", *groups, ""] if groups else []),
            "Set a value (key=value):",
            *describe_keys(name),
            "",
            *verb.notes,
            "",
            "For instance:",
            *(f"  binrecon {name} {example}" for example in verb.examples),
            "",
        ]
    )
