"""The stages of a network: what can be trained while all that comes before stays as it is."""

from collections.abc import Callable, Iterable
from typing import Any

from timm.models import group_parameters
from torch import nn

from binrecon.config.regime_words import STEM


class Stages:
    """Names the stages of a timm network, and says which of its parts belongs to which.

    They are timm's own coarse groups: `stem`, `stage1`, `stage2`, …, in the order in which a photo passes
    them. Of a ResNet, `stage1` to `stage4` are `layer1` to `layer4`; of a network of blocks without coarser
    groups, each block is a stage. What comes after the last block belongs to the last stage.

    Args:
        net: A timm network without its classifier.

    Attributes:
        names: The stages, the first one first.
    """

    def __init__(self, net: nn.Module) -> None:
        matcher: Callable[..., dict[str, Any]] = net.group_matcher  # type: ignore[assignment]  # every timm network has it
        numbers: dict[str, int] = group_parameters(net, matcher(coarse=True), reverse=True)
        present = sorted(set(numbers.values()))
        self._of_parameter = {name: present.index(number) for name, number in numbers.items()}
        self.names = (STEM, *(f"stage{number}" for number in range(1, len(present))))
        self._modules = _place_modules(net, self._of_parameter)

    def of_parameter(self, name: str) -> int:
        """Return the place of the stage that a parameter belongs to."""
        return self._of_parameter[name]

    def modules_before(self, place: int) -> Iterable[nn.Module]:
        """Yield the modules of the stages before one, each module by itself."""
        return (module for module, own in self._modules if own < place)


def _place_modules(net: nn.Module, of_parameter: dict[str, int]) -> list[tuple[nn.Module, int]]:
    """Pair each module with the stage of all its parameters; one without any belongs where its parent does.

    Those that span stages are left out: they do nothing of their own in training.
    """
    placed: dict[str, int | None] = {}
    modules = []
    for name, module in net.named_modules():
        prefix = f"{name}." if name else ""
        stages = {of_parameter[f"{prefix}{parameter}"] for parameter, _ in module.named_parameters()}
        if stages:
            place = stages.pop() if len(stages) == 1 else None
        else:
            place = placed.get(name.rpartition(".")[0])
        placed[name] = place
        if place is not None:
            modules.append((module, place))
    return modules
