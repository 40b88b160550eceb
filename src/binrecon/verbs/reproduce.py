"""`binrecon reproduce`."""

from collections.abc import Sequence

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import Verb


def _reproduce(words: Sequence[str]) -> None:
    with loading():
        from binrecon.reproduce.command import reproduce

    reproduce(words)


_TABLES = (
    "NAME is a published table: stanford, proposal or unc.",
    "Overrides of `train` hold for every run; `binrecon train --help` lists their keys. --rehearse and",
    "--estimate are rehearse=true and estimate=true. The same command again resumes where it stopped.",
)

VERB = Verb(
    "run published rows again, beside what was published",
    _reproduce,
    (
        "stanford source.root=data/abid lists_dir=data/lists trainer=gpu",
        "stanford --estimate source.root=data/abid lists_dir=data/lists trainer=gpu",
        "stanford --rehearse seeds=1 source=synthetic data.split=grouped data.counts_from=records",
        "unc rows=[resnet34_sgd] seeds=1 source.root=data/abid lists_dir=data/lists",
    ),
    words="NAME ",
    notes=_TABLES,
)
