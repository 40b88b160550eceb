"""`binrecon reconcile`, with `--apply` and `--evaluate`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import HYDRA_NOTES, Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _reconcile(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, words_to_apply
    from binrecon.errors import ConfigError

    if "--evaluate" in words and any(word.startswith("--apply") for word in words):
        raise ConfigError(["--apply: does not go with --evaluate; give one of them"])
    if (applied := words_to_apply(words)) is not None:
        run_verb("apply", applied, _apply_once)
    elif "--evaluate" in words:
        run_verb("evaluate", [word for word in words if word != "--evaluate"], _evaluate_once)
    else:
        run_verb("reconcile", words, _reconcile_once)


def _reconcile_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    with loading():
        from binrecon.config.compose import to_typed
        from binrecon.reconcile.command import reconcile

    reconcile(to_typed(config), run_dir)


def _apply_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.reconcile.apply import apply

    apply(to_typed(config))


def _evaluate_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.reconcile.evaluate.command import evaluate

    evaluate(to_typed(config), run_dir)


_AUDIT = (
    "`--apply FILE` reads what the page exported: finds, precision so far, labels for the next training. It",
    "looks for the reconciliation below output_root=outputs, or takes it from results=FOLDER.",
    "`--evaluate` makes records wrong on purpose and looks whether they are found. The keys of both:",
    "`--evaluate --help` and `--apply --help`.",
    *HYDRA_NOTES,
)

VERB = Verb(
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
    modes=(("--evaluate", "evaluate"), ("--apply", "apply")),
)
