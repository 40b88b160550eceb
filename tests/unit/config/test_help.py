from binrecon.config.help import describe_groups, describe_keys


def test_describe_groups() -> None:
    lines = list(describe_groups("train"))
    assert (
        "  * model=resnet50               "
        + ("torchvision's ResNet-50 (arXiv:1512.03385) with its ImageNet weights IMAGENET1K_V1")
        in lines
    )
    assert any(line.startswith("    optimizer=sgdr ") for line in lines)


def test_describe_groups__a_recipe_is_described_by_words_and_not_by_its_package() -> None:
    lines = list(describe_groups("train"))
    assert any(
        line.startswith("    experiment=stanford/resnet18_sgd Stanford CS229 2018, ResNet-18")
        for line in lines
    )
    assert [line for line in lines if "@package" in line] == []


def test_describe_groups__only_those_of_the_verb() -> None:
    assert {line.split("=")[0].strip(" *") for line in describe_groups("show")} == {"source"}


def test_describe_keys__every_key_has_a_meaning() -> None:
    lines = list(describe_keys("train"))
    assert any(line.startswith("  optimizer.lr=0.001") and "Learning rate" in line for line in lines)
    assert [line for line in lines if len(line.split(maxsplit=1)) < 2] == []


def test_describe_keys__of_a_verb_with_a_schema_file_of_its_own() -> None:
    lines = list(describe_keys("calibrate"))
    assert any(line.startswith("  run=???") and "Folder of the run" in line for line in lines)
    assert [line for line in lines if len(line.split(maxsplit=1)) < 2] == []
