"""The checks of the exercises: points, hints, names, and what thoughtless answers earn."""

import ast
from pathlib import Path

import jupytext
import pytest
import torch

import vae_checks as checks
from tools import mutate_checks

EXERCISES = mutate_checks.exercises()
CHECK_MODULES = sorted(Path(checks.__file__).parent.rglob("*.py"))

each_exercise = pytest.mark.parametrize("name", EXERCISES)


@each_exercise
@pytest.mark.parametrize("answer", [lambda *args, **inputs: None, lambda *args, **inputs: [*args, *inputs.values()][0]])
def test_an_answer_without_thought_earns_little(name, answer):
    result = EXERCISES[name].check(answer, seed=0)
    assert result.state == "not yet"
    assert result.points <= 0.3 * result.check.max_points


# Classes, and what is judged by what it does to a model: that the oracle does here.
JUDGED_BY_WHAT_IT_DOES = {
    *("Encoder", "Decoder", "train_step", "epoch_loss", "fit", "sample"),
    *("update_average", "train_fast"),
}


@pytest.mark.parametrize("name", sorted(set(EXERCISES) - JUDGED_BY_WHAT_IT_DOES))
def test_zeros_of_the_right_shape_earn_little(name):
    check = EXERCISES[name].check
    result = check(lambda *args, **inputs: zeros_like(check.oracle.open()(*args, **inputs)), seed=0)
    assert result.state == "not yet"
    assert result.points <= 0.3 * result.check.max_points


def zeros_like(value):
    if isinstance(value, torch.Tensor):
        return torch.zeros_like(value)
    return [zeros_like(item) for item in value] if isinstance(value, list | tuple) else 0


@each_exercise
def test_an_exercise_has_two_right_answers_ten_points_and_three_hints(name):
    exercise = EXERCISES[name]
    assert len(exercise.right) >= 2
    assert exercise.check.max_points == 10
    assert exercise.check.name == name
    assert len({exercise.check.hint(level).text for level in (1, 2, 3)}) == 3


def test_exercises_checks_and_answers_are_the_same_names():
    cells = [cell for path in mutate_checks.ROOT.glob("sources/assignments/*.py") for cell in jupytext.read(path).cells]
    answered, tested = ([cell.metadata[key] for cell in cells if key in cell.metadata] for key in ("answer", "tests"))
    files = [path.stem for path in mutate_checks.ANSWERS.glob("*.py") if path.stem != "__init__"]
    assert sorted(answered) == sorted(tested) == sorted(checks.__all__)
    # Each answers' file was read for RIGHT, WRONG and EQUIVALENT when EXERCISES was made.
    assert sorted(files) == sorted(name.lower() for name in EXERCISES)
    assert sorted(EXERCISES) == sorted(answered)


@pytest.mark.parametrize("path", CHECK_MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_mistake_that_a_check_names_is_made_by_a_wrong_answer(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [call.args[0] for call in calls if ast.unparse(call.func) == "Mistake"]
    named = {name.value for name in names if isinstance(name, ast.Constant)}  # others are made of names, or passed on
    made = {mistake for name in EXERCISES for mistake, *_ in EXERCISES[name].wrong}
    assert named <= made


# What learners of VAEs get wrong most, and the name that we give it.
MISCONCEPTIONS = {
    "σ ignored": ("reparameterize", "σ ignored"),
    "log σ² taken for σ": ("sigma_from_log_var", "log σ² used as σ"),
    "log σ² taken for log σ": ("sigma_from_log_var", "log σ² taken for log σ"),
    "log σ² taken for σ²": ("sigma_from_log_var", "the root of the logarithm"),
    "one ε shared by the batch": ("reparameterize", "one ε for the whole batch"),
    "one ε shared by the dimensions": ("reparameterize", "one ε for all dimensions"),
    "uniform noise": ("reparameterize", "uniform noise"),
    "torch.normal or a detached sample": ("reparameterize", "a draw that lets no gradient through"),
    "noise drawn once and reused": ("reparameterize", "the noise drawn once and used again in every call"),
    "KLD with the wrong sign": ("kld", "the wrong sign"),
    "KLD with log σ for log σ²": ("kld", "log σ in place of log σ²"),
    "KLD without ½": ("kld", "the ½ is missing"),
    "KLD without the sum over dimensions": ("kld", "not summed over the dimensions"),
    "mean over pixels": ("bce", "the mean over the pixels"),
    "KLD divided by the pixels": ("kld", "divided by the 784 pixels"),
    "KLD summed over the batch": ("kld", "summed over the batch"),
    "BCE on logits as if probabilities": ("bce", "logits taken for probabilities"),
    "BCE after a second sigmoid": ("bce", "a second sigmoid"),
    "BCE with x and x̂ swapped": ("bce", "x and x_logits swapped"),
    "zero_grad forgotten": ("train_step", "zero_grad forgotten"),
    "loss of the last batch reported as the epoch's": ("epoch_loss", "the loss of the last batch"),
    "evaluation in the training set": ("fit", "evaluated on the training images"),
    "labels leaking": ("neighbours_right", "the labels leak into the distance"),
    "split after shuffling with another seed": ("split", "the validation set from a shuffle with another seed"),
    "PCA without centring": ("pca", "the mean is not taken away"),
    "samples scaled by the σ of a batch": ("sample", "the noise is scaled"),
}


@pytest.mark.parametrize(("name", "mistake"), MISCONCEPTIONS.values(), ids=MISCONCEPTIONS)
def test_the_common_misconceptions_have_a_name(name, mistake):
    assert mistake in [made for made, *_ in EXERCISES[name].wrong]


def test_no_disk_lists_the_folders_of_load_images_in_the_order_of_their_names():
    """Systems list names as they were written, the newest first, by a hash, or sorted without regard to case."""
    for case in checks.load_images.draw(0):
        names = [name for name in case.inputs["files"] if name.endswith(".png")]
        in_order = sorted(names)
        assert names not in (in_order, in_order[::-1])
        assert sorted(names, key=str.upper) != in_order
        kinds = list(dict.fromkeys(name.split("/")[0] for name in names))
        assert len(kinds) == 5  # a hash sorts them once in 120 times
        assert kinds not in (sorted(kinds), sorted(kinds)[::-1], sorted(kinds, key=str.upper))
        assert sorted(kinds, key=str.upper) != sorted(kinds)


def test_a_folder_is_there_for_the_call_alone():
    seen = []

    def look(folder, dark_on_light):
        seen.append(folder)
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))

    (case,) = [case for case in checks.load_images.draw(0) if case.kind == "others"]
    (outcome,) = checks.load_images.call(look, [case])
    assert outcome["value"] == sorted(case.inputs["files"])
    assert not any(folder.exists() for folder in seen)
