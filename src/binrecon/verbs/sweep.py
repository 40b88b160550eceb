"""`binrecon sweep`."""

from collections.abc import Sequence

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import Verb


def _sweep(words: Sequence[str]) -> None:
    from binrecon.sweep.plan import Plan

    plan = Plan(words)  # its problems are reported before torch and Optuna are loaded
    with loading():
        from binrecon.sweep.command import sweep

    sweep(plan)


_SEARCH = (
    "Words of `train` with one value hold for every trial; those with several are searched:",
    "  'KEY=interval(LOW, HIGH)'   'KEY=tag(log, interval(LOW, HIGH))'   'KEY=int(interval(LOW, HIGH))'",
    "  'KEY=range(START, STOP, STEP)'   'KEY=choice(A, B, ...)'   or for short KEY=A,B",
    "`binrecon train --help` lists them. The same command again goes on where a study was stopped.",
)

VERB = Verb(
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
)
