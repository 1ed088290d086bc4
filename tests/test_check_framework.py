"""What every check is made of: errors, properties and points, plain data, the three steps apart."""

import functools
import io
import json
import math
import random
import re
import statistics
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

import vae_checks as checks
from vae_checks import waiting
from vae_checks.check import Result, check_against, tensor_cases
from vae_checks.compare import describe, difference, same
from vae_checks.mistakes import Finding, Mistake
from vae_checks.properties import PROPERTIES, Property
from vae_lib import loss
from vae_probe.call import call_function
from vae_probe.outcome import Case, pack, unpack

GAUSSIAN = {"mu": torch.zeros(1, 2), "sigma": torch.tensor([[-3.0, 3.0]])}


def stop(x):
    raise ValueError("here")


def stop_elsewhere(x):
    return stop(x)


def test_an_error_in_another_function_says_in_which():
    for answer, place in [(stop, r"line \d+, raise"), (stop_elsewhere, r"line \d+ of stop, raise")]:
        (outcome,) = call_function(answer, [Case("main", {"x": torch.ones(1)})])
        assert re.match(place, outcome["error"]["line"])


def oracle(x, w):
    """x (B, 3), w (B, 3) → (B,)."""
    return torch.stack([sum(w_i * x_i**2 for x_i, w_i in zip(*pair, strict=True)) for pair in zip(x, w, strict=True)])


def right(x, w):
    return (x.square() * w).sum(1)


def draw(seed):
    return tensor_cases(
        seed, lambda generator, batch: dict(zip("xw", torch.randn(2, batch, 3, generator=generator), strict=True))
    )


# "dtype" is a part of "float64 and device", for exercises that ask for no more.
NAMES = [name for name in PROPERTIES if name not in ("draws from the generator", "dtype", "any sizes")]
POINTS = {name: 2**i for i, name in enumerate(NAMES)}
HINTS = ("first", "second", "third")
MISTAKES = [Mistake("not squared", "What is x of −1?", lambda x, w: (x * w).sum(1))]
check = check_against(oracle, MISTAKES, name="toy", points=POINTS, draw=draw, hints=HINTS)


DATASET = torch.ones(7, 3)


class Lookup:
    x = DATASET


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            lambda x, w: (DATASET * w).sum(1),
            "Your function does not read `x`, but `DATASET`, a variable of the notebook.",
        ),
        (
            lambda x, w: DATASET * HINTS,
            "Your function does not read `x` and `w`, but `DATASET` and `HINTS`, variables of",
        ),
        (lambda x, w: torch.zeros(len(w)), "Your function does not read `x`."),
        (lambda x, w: Lookup.x.sum(1) * w[:, 0], "Your function does not read `x`."),
        (lambda x, w: sum((lambda: x * w)()), ""),
        (lambda x, w: [x[i] for i in range(len(x)) if w[i].any()], ""),
        (lambda x, w: locals()["x"], ""),
        (torch.no_grad()(lambda x, w: w.sum(1)), "Your function does not read `x`."),
        (lambda *inputs: inputs[0], ""),
        (functools.partial(right), ""),
    ],
)
def test_an_argument_that_is_not_read_is_said_and_what_is_read_instead(answer, sentence):
    result = check(answer, 0)
    for shown in (repr(result), result._repr_markdown_()):
        assert sentence in shown
        assert ("Your function does not read" in shown) == bool(sentence)


def draw_noise(seed):
    inputs = {"n": 4, "generator": seed}
    return [Case("main", inputs), Case("other generator", inputs | {"generator": seed + 1})]


def noise(n, generator):
    return torch.randn(n, generator=generator)


check_noise = check_against(
    noise, [], name="noise", points={"shape": 1, "draws from the generator": 3}, draw=draw_noise, hints=HINTS
)


# States


def test_right():
    result = check(right)
    assert (result.state, result.points) == ("right", check.max_points)
    assert repr(result) == "✓ toy: right, 127 of 127 points"


def test_inputs_are_new_each_time():
    seen = []

    def remembers(x, w):
        seen.append(x.clone())
        return right(x, w)

    check(remembers), check(remembers)
    half = len(seen) // 2
    assert not torch.equal(seen[0], seen[half])


def test_not_attempted():
    def answer(x, w):
        # YOUR CODE HERE
        raise NotImplementedError()

    result = check(answer)
    assert (result.state, result.points, result.findings) == ("not attempted", 0.0, [])
    assert "not attempted" in repr(result)
    assert "hint(1)" in repr(result)


def test_a_dtype_that_pytorch_has_no_code_for_is_an_attempt():
    # This raises a NotImplementedError, as the stub of an exercise does.
    result = check(lambda x, w: torch.nn.functional.softplus(x.long()).sum(1))
    assert result.state == "not yet"
    assert "not implemented" in repr(result)


def test_a_known_mistake_is_named_with_its_question():
    result = check(lambda x, w: torch.einsum("bd,bd->b", x, w))
    assert result.state == "not yet"
    assert "It looks like this: not squared. What is x of −1?" in repr(result)
    assert "✗ value: at [" in repr(result)


def test_an_unknown_mistake_is_not_named():
    result = check(lambda x, w: (x**3 * w).sum(1))
    assert (result.state, result.mistake) == ("not yet", None)


# Errors


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: 0, "it is called with x, w, by place, and yours takes nothing"),
        (lambda x: x, "it is called with x, w, by place, and yours takes x"),
        (lambda x, w, y: x, "it is called with x, w, by place, and yours takes x, w, y"),
        (lambda *, v, w: v, "it is called with x, w, by place, and yours takes *, v, w"),
        (lambda w, x: right(x, w), "it is called with x, w, by place, and yours takes w, x"),
        (lambda x, *, w: right(x, w), "it is called with x, w, by place, and yours takes x, *, w"),
        (5, "'int' object is not callable"),
        (None, "'NoneType' object is not callable"),
        (torch.ones(3), "'Tensor' object is not callable"),
    ],
)
def test_what_cannot_be_called_with_the_arguments_gives_a_sentence(answer, words):
    result = check(answer)
    assert (result.state, result.points) == ("not yet", 0.0)
    assert f"your code stops at its call, TypeError: {words}" in repr(result)


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, b: right(a, b),
        lambda x, b: right(x, b),
        lambda a, w: right(a, w),
        lambda w, y: right(w, y),
        lambda *both: right(*both),
        lambda a, b, c=0: right(a, b),
        lambda **inputs: right(**inputs),
    ],
)
def test_arguments_may_have_other_names(answer):
    assert check(answer).state == "right"


def helper_of_a_student(x):
    return x.no_such_method()


def test_an_error_shows_the_students_own_line():
    result = check(lambda x, w: helper_of_a_student(x))
    assert "return x.no_such_method(), AttributeError: 'Tensor' object has no attribute 'no_such_method'" in repr(
        result
    )


def test_an_error_inside_a_library_shows_the_line_that_called_it():
    def answer(x, w):
        return torch.nn.Linear(4, 1)(x)

    assert "return torch.nn.Linear(4, 1)(x), RuntimeError: mat1 and mat2" in repr(check(answer))


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, StopIteration, AssertionError, SystemExit])
def test_no_error_comes_out(error):
    def answer(x, w):
        raise error("so it is")

    assert f"{error.__name__}: " in repr(check(answer))


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, w: None,
        lambda x, w: "seven",
        lambda x, w: [right(x, w)] * 2,
        lambda x, w: {"a": right(x, w)},
        lambda x, w: object(),
        lambda x, w: right,
        lambda x, w: right(x, w).tolist(),
        lambda x, w: right(x, w).detach().numpy(),
        lambda x, w: right(x, w).long(),
        lambda x, w: right(x, w) > 0,
        lambda x, w: right(x, w) * math.nan,
        lambda x, w: right(x, w).bfloat16(),
        lambda x, w: torch.complex(right(x, w), right(x, w)),
        lambda x, w: torch.complex(right(x, w), right(x, w)).sum(),
        lambda x, w: torch.empty(0),
        lambda x, w: right(x, w).to_sparse(),
        lambda x, w: right(x, w).sum().item(),
        lambda x, w: (x * w).sum(1).to("meta"),
    ],
)
def test_anything_may_come_back(answer):
    result = check(answer)
    assert result.state == "not yet"
    assert "✗" in repr(result)
    assert result._repr_markdown_()


def test_a_nested_answer_of_another_structure_gives_a_sentence():
    nested = check_against(
        lambda x, w: {"a": [x.sum(1), w.sum()], "b": 1},
        [],
        name="nested",
        points={"shape": 1, "value": 1, "gradient": 1},
        draw=draw,
        hints=HINTS,
    )
    assert nested(lambda x, w: {"b": 1.0, "a": (x.sum(1), w.sum())}).state == "right"
    for wrong in (
        {"a": [0.5, 1.0], "b": 1},
        {"a": torch.ones(2), "b": 1},
        {"a": [torch.ones(7), torch.ones(7)], "b": 1},
        {"a": [torch.ones(7)], "b": 1},
        {"a": None, "b": 1},
        {"b": 1},
    ):
        assert "expected" in repr(nested(lambda x, w, wrong=wrong: wrong))


def test_a_gradient_where_none_belongs_gives_a_sentence():
    first = check_against(lambda x, w: x.sum(1), [], name="first", points={"gradient": 1}, draw=draw, hints=HINTS)
    assert first(lambda x, w: x.sum(1)).state == "right"
    assert first(lambda x, w: (x + 0 * w).sum(1)).state == "right"
    assert "✗ gradient: that of w: at [6, 0] expected 0, got 2" in repr(first(lambda x, w: (x + w).sum(1)))


# Around the call


def test_prints_and_warnings_of_the_students_code_do_not_show(capfd):
    def answer(x, w):
        print("x is", x)
        print("careful", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return right(x, w)

    assert check(answer).state == "right"
    assert capfd.readouterr() == ("", "")


def random_states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


def test_global_random_states_are_as_before():
    def answer(x, w):
        torch.manual_seed(1), np.random.seed(1), random.seed(1)
        return right(x, w)

    for function in (answer, right, lambda x, w: x + torch.randn(3) + np.random.rand() + random.random()):
        torch.manual_seed(99), np.random.seed(99), random.seed(99)
        before = random_states()
        check(function)
        assert random_states() == before


def test_global_random_states_are_as_before_a_check_that_builds_a_model():
    def draw_with_a_model(seed):
        torch.nn.Linear(2, 2)
        return draw(seed)

    before = random_states()
    check_against(oracle, [], name="toy", points=POINTS, draw=draw_with_a_model, hints=HINTS)(right)
    assert random_states() == before


def test_a_student_who_turns_gradients_off_loses_that_property_alone():
    def answer(x, w):
        torch.set_grad_enabled(False)
        return right(x, w)

    try:
        result = check(answer)
        assert torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
    assert broken(result) == ["gradient"]
    with torch.no_grad():
        assert check(right).state == "right"


# Properties and points


def broken(result):
    return [finding.name for finding in result.findings if not finding.right]


def in_place(x, w):
    return (x.abs_() ** 2 * w).sum(1)


def seeds(seed):
    def answer(x, w):
        seed(7)
        return right(x, w)

    return answer


BREAK_ONE = {
    "value": [
        lambda x, w: right(x, w) + (len(x) == 7 and x.dtype == torch.float32),
        lambda x, w: right(x, w) * (1 + 1e-3 * (len(x) == 7 and not x.requires_grad and x.dtype == torch.float32)),
    ],
    "gradient": [
        lambda x, w: right(x, w).detach(),
        lambda x, w: right(x, w.detach()),
        lambda x, w: right(x, w) + w.sum(1) - w.sum(1).detach(),
        lambda x, w: torch.tensor(
            [right(*pair).item() for pair in zip(x[:, None], w[:, None], strict=True)], dtype=x.dtype
        ),
    ],
    "batch of one": [lambda x, w: right(x, w) + (len(x) == 1)],
    "float64 and device": [
        lambda x, w: right(x, w).float(),
        lambda x, w: right(x, w).double(),
        lambda x, w: right(x.float(), w.float()).to(x.dtype),
        lambda x, w: right(x, w) + torch.zeros(len(x), dtype=x.dtype),
        lambda x, w: right(x, w) + (x.dtype == torch.float64),
        lambda x, w: right(x.to("cpu"), w.to("cpu")) if x.device.type == "cpu" else torch.zeros(7),
    ],
    "inputs unchanged": [in_place],
    "no global seed": [seeds(torch.manual_seed), seeds(np.random.seed), seeds(random.seed)],
}


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name, answers in BREAK_ONE.items() for answer in answers]
)
def test_a_broken_property_costs_its_own_points_and_no_others(name, answer):
    result = check(answer, seed=3)
    assert broken(result) == [name], repr(result)
    assert result.points == check.max_points - POINTS[name]


def test_the_sentence_says_how_a_property_is_broken():
    assert "no gradient reaches x; was it cut off" in repr(check(lambda x, w: right(x, w).detach()))
    assert "for float64 inputs alone the value is wrong: at [" in repr(
        check(lambda x, w: right(x, w) + (x.dtype == torch.float64))
    )
    assert "not to all of their 15 digits" in repr(check(lambda x, w: right(x.float(), w.float()).to(x.dtype)))
    assert "x changed in place" in repr(check(in_place))


def test_every_property_is_broken_once():
    assert {*BREAK_ONE, "shape"} == set(NAMES)


def test_what_is_right_but_for_more_behind_it_keeps_eight_points():
    result = check(lambda x, w: (right(x, w), w.sum()))
    assert (result.mistake.name, result.points) == ("more than what is asked for", 8)
    assert "✓ gradient" in repr(result)  # the sum behind it has one, too


@pytest.mark.parametrize("answer", [lambda x, w: right(x, w)[:3], lambda x, w: (w, right(x, w))])
def test_a_wrong_shape_earns_nothing(answer):
    result = check(answer)
    assert "✗ shape: expected a tensor (7,), got " in repr(result)
    assert result.points == 0


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda x, w: right(x, w)[:, None], "a dimension too many"),
        (lambda x, w: list(right(x, w)), "a list in place of a tensor"),
        (lambda x, w: [[number] for number in right(x, w)], "a list in place of a tensor"),
    ],
)
def test_right_numbers_in_another_form_earn_up_to_8_points(answer, mistake):
    result = check(answer)
    assert (result.state, result.points, result.mistake.name) == ("not yet", 8, mistake)
    assert "✗ form: " in repr(result)
    assert repr(result).count("✗") == 2  # the headline's and the one fault


def test_a_list_has_the_gradient_of_the_tensor():
    assert "✗ gradient" in repr(check(lambda x, w: list(right(x, w.detach()))))
    assert "✗ gradient" not in repr(check(lambda x, w: list(right(x, w))))


@pytest.mark.parametrize(
    "answer",
    [
        lambda n, generator: torch.randn(n, generator=torch.Generator().manual_seed(3)),
        lambda n, generator: torch.randn(n),
        lambda n, generator: torch.zeros(n),
        lambda n, generator: torch.from_numpy(np.random.randn(n)),
    ],
)
def test_draws_that_are_not_from_the_generator_cost_their_points(answer):
    result = check_noise(answer)
    assert (broken(result), result.points) == (["draws from the generator"], 1)
    assert check_noise(noise).state == "right"


def test_a_broken_required_property_is_the_only_one_that_is_judged():
    def judge_none(seen):
        raise AssertionError("judged")

    gate = Property("layers", 1, lambda seen: "none are there", required=True)
    result = replace(check, properties=[gate, Property("value", 9, judge_none)])(right)
    assert result.findings == [Finding("layers", "none are there")]
    assert (result.state, result.points) == ("not yet", 0.0)


def test_a_property_without_points_is_shown_only_if_it_is_broken():
    for fault, names in (("", ["value"]), ("odd", ["form", "value"])):
        properties = [Property("form", 0, lambda seen, fault=fault: fault), Property("value", 1, lambda seen: "wrong")]
        assert [finding.name for finding in replace(check, properties=properties)(right).findings] == names


def test_a_mistake_is_recognised_by_each_of_its_ways():
    mistake = Mistake("scaled", "Why?", lambda x, w: 2 * right(x, w), lambda x, w: 3 * right(x, w))
    scaled = check_against(oracle, [mistake], name="toy", points=POINTS, draw=draw, hints=HINTS)
    results = [scaled(lambda x, w, factor=factor: factor * right(x, w)) for factor in (2, 3, 4)]
    assert [result.mistake for result in results] == [mistake, mistake, None]


# What a student sees


def test_hints():
    assert [check.hint(level).text for level in (1, 2, 3)] == ["first", "second", "third"]
    assert repr(check.hint(2)) == "Hint 2 of 3 for toy: second"
    assert check.hint(3)._repr_markdown_() == "**Hint 3 of 3 for toy.** third"
    for level in (0, 4, "1"):
        assert repr(check.hint(level)) == f"No hint {level!r} for toy: There are three: begin with checks.toy.hint(1)"


def test_hints_come_one_after_the_other():
    own = replace(check, name="hinted")
    given = [own.hint() for _ in range(5)]
    assert [hint.text for hint in given[:3]] == ["first", "second", "third"]
    assert given[3] == given[4]
    assert repr(given[3]) == (
        "No more hints for hinted: The third was the last; checks.hinted.hint(1), 2 and 3 show them once more"
    )
    own.hint(1)
    assert own.hint().text == "second"  # the one after the last that was shown


def test_a_right_function_is_handed_on_and_any_other_replaced():
    function, sentence = check(right).or_library()
    assert function is right
    assert sentence == "Drawn with your own toy."
    function, sentence = check(in_place).or_library()
    assert function is oracle
    assert "the library's toy" in sentence


def test_a_students_text_does_not_act_as_markdown():
    def answer(x, w):
        raise ValueError("<img src=x onerror=alert(1)> **bold** [link](http://x) `code` $x$ | # ~~a~~ a_b_c")

    shown = check(answer)._repr_markdown_()
    assert (
        r"\<img src=x onerror=alert(1)\> \*\*bold\*\* \[link\](http://x) \`code\` \$x\$ \| \# \~\~a\~\~ a\_b\_c"
        in shown
    )
    assert "**✗ toy: not yet, 0 of 127 points**" in shown


def test_a_sentence_in_text_is_not_escaped():
    result = Result(check, "not yet", [Finding("value", "a_b")], None, None)
    assert "✗ value: a_b" in repr(result)


# One fault, what follows from it, and remarks


def shown(result):
    """The lines below the headline, but for the hint."""
    return [line.strip() for line in repr(result).splitlines()[1:-1]]


def test_a_wrong_value_is_one_fault_and_its_consequences_a_line():
    lines = shown(check(lambda x, w: 2 * right(x, w)))
    assert [line[:8] for line in lines if line.startswith("✗")] == ["✗ value:"]
    assert lines[-1] == "not looked at, because of what stands above: gradient, batch of one, float64 and device"


def test_a_consequence_earns_nothing_and_what_still_holds_does():
    shifted = check(lambda x, w: right(x, w) + 1)  # the gradient is right
    assert (
        shifted.points == POINTS["shape"] + POINTS["gradient"] + POINTS["inputs unchanged"] + POINTS["no global seed"]
    )
    assert "✓ gradient" in shown(shifted)


def capped(cap=4):
    points = {"shape": 1, "value": 6, "gradient": 2, "batch of one": 1}
    return check_against(
        oracle, [], name="toy", points=points, draw=draw, hints=HINTS, caps={"gradient": cap}, data=("w",)
    )


def test_what_the_exercise_is_about_caps_the_points():
    assert capped()(lambda x, w: right(x, w).detach()).points == 4
    assert capped(cap=9)(lambda x, w: right(x, w).detach()).points == 8
    # Where the gradient is wrong because the value is, the value alone is to blame.
    assert capped(cap=0)(lambda x, w: 2 * right(x, w)).points == 1


def test_nobody_asks_for_a_gradient_by_data():
    assert capped()(lambda x, w: right(x, w.detach())).state == "right"
    assert capped()(lambda x, w: right(x.detach(), w)).points == 4


ASKED = {"shape": 1, "value": 7, "gradient": 1, "batch of one": 1, "float64 and device": 0}
check_values = check_against(oracle, [], name="toy", points=ASKED, draw=draw, hints=HINTS)


@pytest.mark.parametrize(
    ("answer", "remark"),
    [
        (lambda x, w: right(x, w) + torch.zeros(len(x)), "device=x.device makes it where x is"),
        (lambda x, w: right(x, w).float(), "expected torch.float64 for inputs of this dtype, got torch.float32"),
        (lambda x, w: right(x, w).double(), "expected torch.float32 for inputs of this dtype, got torch.float64"),
        (lambda x, w: (x**2 @ torch.eye(3) * w).sum(1), "for float64 inputs your code stops at line "),
        (lambda x, w: right(x, w) + 1e-7, "for float64 inputs right, but not to all of their 15 digits"),
    ],
)
def test_what_the_exercise_does_not_ask_for_is_a_remark(answer, remark):
    result = check_values(answer)
    assert (result.state, result.points) == ("right", 10)
    (line,) = repr(result).splitlines()[1:]
    assert line.strip().startswith("A remark, which costs nothing: float64 and device, ")
    assert remark in line
    assert "A remark" in result._repr_markdown_()
    assert result.or_library()[0] is answer


def test_a_remark_says_nothing_where_the_value_is_wrong():
    assert "remark" not in repr(check_values(lambda x, w: 2 * right(x, w)))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x, w: right(x, w).squeeze(), "✗ batch of one: expected a tensor (1,), got a number"),
        (lambda x, w: right(x, w) / (len(x) > 1), "✗ batch of one: at [0] expected "),
        (
            lambda x, w: right(x[[0, 1]], w[[0, 1]]) if len(x) == 1 else right(x, w),
            "✗ batch of one: your code stops at ",
        ),
    ],
)
def test_a_slip_for_one_image_costs_that_alone(answer, sentence):
    result = check_values(answer, seed=1)
    assert [line.startswith(sentence) for line in shown(result) if line.startswith("✗")] == [True]
    assert result.points == 9


def test_an_error_that_no_property_looks_at_is_no_right_answer():
    only_values = check_against(oracle, [], name="toy", points={"value": 1}, draw=draw, hints=HINTS)
    result = only_values(lambda x, w: right(x[[0, 1]], w[[0, 1]]) if len(x) == 1 else right(x, w))
    assert (result.state, result.points) == ("not yet", 0)


def test_parts_have_names():
    pair = check_against(
        lambda x, w: (x.sum(1), w.sum(1)),
        [],
        name="pair",
        points={"value": 1},
        draw=draw,
        hints=HINTS,
        parts=("mu", "sigma"),
    )
    assert "✗ value: of sigma at [" in repr(pair(lambda x, w: (x.sum(1), x.sum(1))))
    unnamed = check_against(lambda x, w: (x, w), [], name="pair", points={"value": 1}, draw=draw, hints=HINTS)
    assert "✗ value: of part 2 of 2 at [" in repr(unnamed(lambda x, w: (x, x)))


def test_where_nothing_is_returned_the_sentence_asks_for_the_return():
    mistake, *others = shown(check(lambda x, w: [x, w].clear()))
    assert mistake.startswith("It looks like this: nothing is returned. ")
    assert others == ["✗ shape: expected a tensor (7,), got nothing (is there a return?)"]


def test_what_refuses_a_sigma_below_0_is_judged_with_its_size():
    def divergence(mu, sigma):
        return kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).sum(1)

    (outcome,) = call_function(divergence, [Case("main", GAUSSIAN, gradients=True)])
    below, above = (unpack({"dict": outcome["gradients"]})["sigma"][0, i] for i in range(2))
    assert unpack(outcome["value"]).tolist() == pytest.approx([2 * (4 - math.log(3))])  # ½ (9 − 1 − log 9), twice
    assert (below, above) == pytest.approx((-8 / 3, 8 / 3))  # σ − 1/σ
    assert outcome["refused"]
    result = checks.kld(divergence)
    assert (result.points, result.mistake.name) == (6, "a negative σ refused")
    assert [finding.name for finding in result.findings if not finding.right] == ["σ below 0"]


def test_the_mistake_comes_first_and_bold_and_the_rest_is_a_list():
    result = check(lambda x, w: (x * w).sum(1))
    headline, mistake, findings = result._repr_markdown_().split("\n\n")[:3]
    assert headline == (
        f"**✗ toy: not yet, {result.points:g} of 127 points** Below stand the points that this answer earns."
    )
    assert mistake == "**It looks like this: not squared.** What is x of −1?"
    assert all(line.startswith("- ") for line in findings.splitlines())
    assert shown(result)[0] == "It looks like this: not squared. What is x of −1?"


# Draws


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda n, generator: torch.randn(n), "some chance is not from the generator"),
        (lambda n, generator: torch.zeros(n), "nothing in it is drawn from the generator"),
        (
            lambda n, generator: torch.randn(n, generator=torch.Generator().manual_seed(3)),
            "nothing in it is drawn from the generator",
        ),
        (
            lambda n, generator: torch.randn(n, generator=generator.manual_seed(3)),
            "another generator gives the very same result: the state that yours is in has no say in it",
        ),
        (
            lambda n, generator: torch.randn(n, generator=torch.Generator().set_state(generator.get_state())),
            "has not moved: the next call would draw the same once more",
        ),
        (
            lambda n, generator: torch.randn(n, generator=torch.Generator().manual_seed(generator.initial_seed())),
            "has not moved",
        ),
    ],
)
def test_how_a_draw_misses_the_generator_is_said(answer, sentence):
    assert sentence in repr(check_noise(answer))


# Unfinished, printing, borrowing


def left_above(x, w):
    """Docstring."""
    # YOUR CODE HERE
    raise NotImplementedError()
    return right(x, w)


def left_below(x, w):
    # YOUR CODE HERE
    result = right(x, w)
    print(result)
    raise NotImplementedError()


def with_a_docstring_alone(x, w):
    """Docstring."""
    # YOUR CODE HERE
    raise NotImplementedError()


@pytest.mark.parametrize("answer", [left_above, left_below])
def test_a_leftover_stub_is_named_with_its_line(answer):
    result = check(answer)
    assert result.state == "not yet"
    number = 1 + next(i for i, line in enumerate(SOURCE) if line.startswith(f"def {answer.__name__}("))
    number += next(i for i, line in enumerate(SOURCE[number:], 1) if "raise NotImplementedError()" in line)
    assert (
        f"your code reaches line {number}, raise NotImplementedError(): delete this line, now that your answer stands"
        in repr(result)
    )


def test_a_stub_with_a_docstring_is_not_attempted():
    assert check(with_a_docstring_alone).state == "not attempted"


SOURCE = Path(__file__).read_text(encoding="utf-8").splitlines()


def test_what_an_answer_prints_is_shown_once_and_not_for_long():
    def answer(x, w):
        print(f"<b>shape</b> {tuple(x.shape)}")
        print("long " * 1_000)
        return 2 * right(x, w)

    for result in (check(answer), check(lambda x, w: answer(x, w) / 2)):
        text = repr(result)
        assert text.count("Your function printed:\n    <b>shape</b> (7, 3)\n    long long ") == 1
        assert "(1, 3)" not in text
        assert len(result.printed) <= 1_000
        assert "<pre>&lt;b&gt;shape&lt;/b&gt; (7, 3)\nlong long " in result._repr_markdown_()
    cases = check.draw(0)
    assert "long" not in repr(check.result(cases, check.call(answer, cases)))  # in a report


def test_a_borrowed_answer_stops_where_it_borrows():
    reached = []

    def answer(x, x_logits):
        reached.append("before")
        result = checks.bce.oracle.open()(x, x_logits)
        reached.append("after")
        return result

    assert checks.bce(answer).mistake.name == "a borrowed answer"
    assert "after" not in reached


def test_the_answers_of_the_course_are_not_the_students():
    guarded = replace(check, forbidden=("vae_lib.loss.bce", "math", "statistics"))
    borrowed = replace(checks.bce, forbidden=("vae_lib.loss.bce",))
    for answer in (
        loss.bce,
        lambda x, x_logits: loss.bce(x, x_logits),
        lambda x, x_logits: next(map(loss.bce, [x], [x_logits])),
        functools.partial(loss.bce),
        checks.bce.oracle.open(),
        lambda x, x_logits: checks.bce.oracle.open()(x, x_logits),
        lambda x, x_logits: borrowed(None).or_library()[0](x, x_logits),
    ):
        result = borrowed(answer)
        assert (result.state, result.points) == ("not yet", 0), repr(result)
        assert "✗ your own work: this calls the course's own vae_" in repr(result)
        assert result.mistake.name == "a borrowed answer"
    result = guarded(lambda x, w: right(x, w) + statistics.mean([0, 0]))
    assert "✗ your own work: this calls statistics, and the exercise asks to do without" in repr(result)
    assert guarded(right).state == "right"


@pytest.mark.parametrize("name", checks.__all__)
def test_no_answer_is_in_a_check_for_all_to_see(name):
    own = getattr(checks, name)
    assert repr(own) == f"the check of {name}: checks.{name}({name}) judges yours, checks.{name}.hint() helps"
    assert not callable(own.oracle)
    assert repr(own.oracle) == "the course's own answer"


# A sign of life


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("seconds", "quiet", "text"),
    [(0.0, "", "checking toy …\r              \r"), (60.0, "", ""), (0.0, "1", "")],
)
def test_a_slow_check_says_so_and_wipes_it_out(monkeypatch, seconds, quiet, text):
    screen, began = Terminal(), threading.Event()
    monkeypatch.setenv("VAE_CHECKS_QUIET", quiet)
    monkeypatch.setattr(waiting, "PATIENCE", seconds)
    monkeypatch.setattr(sys, "stdout", screen)

    def answer(x, w):
        for _ in range(2_000 if text else 0):
            if screen.getvalue():
                break
            time.sleep(0.01)
        began.set()
        return right(x, w)

    assert check(answer).state == "right"
    assert began.is_set()
    assert screen.getvalue() == text


# Plain data


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        0.1,
        math.nan,
        "σ",
        [],
        {},
        torch.randn(2, 3),
        torch.randn(4, 3).T,
        torch.randn(3, dtype=torch.float64),
        torch.tensor([1, 2]),
        torch.tensor([True, False]),
        torch.tensor(3, dtype=torch.uint8),
        torch.tensor([1.5], dtype=torch.float16),
        torch.empty(0),
        torch.empty(3, 0, 2, dtype=torch.int64),
        torch.tensor([math.nan, math.inf, -math.inf, -0.0]),
        {"a": [torch.ones(2), {"tensor": "x", "dict": torch.zeros(1)}, [[None]]], "unknown": 1.0},
    ],
)
def test_pack_and_unpack_are_inverse_through_json(value):
    back = unpack(json.loads(json.dumps(pack(value))))
    assert same(value, back, 0)
    assert same(value, back, 0) == same(back, value, 0)
    if isinstance(value, torch.Tensor):
        assert back.dtype == value.dtype


def test_pack_of_numpy_tuples_and_what_it_does_not_know():
    assert torch.equal(unpack(pack(np.arange(3.0))), torch.arange(3.0, dtype=torch.float64))
    assert unpack(pack(np.float32(0.5))).item() == 0.5
    assert unpack(pack((1, range(2)))) == [1, [0, 1]]
    assert unpack(pack({1: object()})) == {"1": {"unknown": "object"}}
    assert math.isnan(unpack(json.loads(json.dumps(pack(math.nan)))))
    assert (
        json.dumps(pack([Number(1), torch.ones(1, device="meta")])) == '[{"unknown": "Number"}, {"unknown": "Tensor"}]'
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        (1.0, "1.0"),
        (1.0, torch.tensor(1.0 + 1j)),
        (torch.ones(2), torch.ones(2, 1)),
        (torch.ones(2), torch.ones(2) + 0j),
        (torch.ones(2), torch.tensor([1, math.nan])),
        (None, 0),
    ],
)
def test_what_is_not_the_same(a, b):
    assert not same(a, b)
    assert not same(b, a)


def odd_value(generator, depth=3):
    """Anything that a student's function may return, drawn."""

    def tensor():
        dtypes = (torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool, torch.bfloat16)
        odd = torch.randn([generator.randrange(4) for _ in range(generator.randrange(4))])
        if odd.numel():
            odd.view(-1)[0] = generator.choice([math.nan, math.inf, -math.inf, -0.0, 1.0])
        return generator.choice([odd, odd.to(generator.choice(dtypes)), odd + 1j, odd.to("meta"), odd.numpy()])

    def plain():
        numbers = [0, 1, -3, 2**63, 10**400, -(10**400), 0.0, -0.0, math.nan, math.inf, -math.inf, 1e308, 5e-324]
        return generator.choice([None, True, "", "σ", object(), {1, 2}, range(3), np.float32(1), *numbers])

    def several():
        return [odd_value(generator, depth - 1) for _ in range(generator.randrange(4))]

    def named():
        keys = ("a", "b", "unknown", "tensor", "dict", "case", 1)
        return {generator.choice(keys): odd_value(generator, depth - 1) for _ in range(generator.randrange(3))}

    return generator.choice([plain, tensor, *([several, named] if depth else [])])()


def test_whatever_comes_back_can_be_compared_and_described():
    torch.manual_seed(0)
    for seed in range(2_000):
        generator = random.Random(seed)
        a, b = (unpack(json.loads(json.dumps(pack(odd_value(generator))))) for _ in range(2))
        assert same(a, a)
        assert same(a, b) == same(b, a)
        assert describe(a)
        assert same(a, b) or difference(a, b).startswith(("expected ", "at ", "of "))


@pytest.mark.parametrize(
    ("expected", "actual", "sentence"),
    [
        (torch.tensor([math.inf, 1.0]), torch.tensor([math.inf, 2.0]), "at [1] expected 1, got 2"),
        (torch.tensor([math.nan, 1.0]), torch.tensor([math.nan, 2.0]), "at [1] expected 1, got 2"),
        (torch.tensor([5.0, 1.0]), torch.tensor([9.0, math.nan]), "at [1] expected 1, got nan"),
        (torch.tensor([math.inf]), torch.tensor([-math.inf]), "at [0] expected inf, got -inf"),
        (1.0, 1.000001, "expected 1, got 1.000001"),
        ({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}, "of b of part 2 of 2 expected 2, got 3"),
        ({}, {"unknown": 1}, "expected a dict of nothing, got a dict of unknown"),
        (None, [0.5] * 300 + ["x"], "expected nothing (is there a return?), got (a number, a number, "),
    ],
)
def test_where_two_values_differ(expected, actual, sentence):
    assert not same(expected, actual, 1e-9)
    assert difference(expected, actual, 1e-9).startswith(sentence)
    assert len(difference(expected, actual, 1e-9)) < 700


def test_infinities_and_nan_agree_with_themselves():
    assert same(torch.tensor([math.inf, -math.inf, math.nan]), torch.tensor([math.inf, -math.inf, math.nan]))
    assert same(math.inf, math.inf)
    assert not same(math.inf, 1e308)
    assert not same(torch.tensor([math.inf]), torch.tensor([-math.inf]))


def test_a_number_and_a_tensor_of_one_number_are_the_same():
    assert same(2.0, torch.tensor(2.0))
    assert same(2, 2.0)


CALLER = """
import json, sys
import vae_checks as checks
from vae_probe.outcome import unpack

task, outcomes = json.load(sys.stdin), []
for source in task["sources"]:
    exec(source)
    outcomes.append(checks.kld.call(kld, unpack(task["cases"])))
print(json.dumps(outcomes))
"""
SOURCES = [
    "def kld(mu, sigma): return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1)",
    "def kld(mu, sigma): return 0.5 * (mu**2 + sigma**2 - 1 - (sigma**2).log()).sum(1).detach()",
    "def kld(mu, sigma): return 0.5 * (mu**2 + sigma**2 - 1 - sigma.log()).sum(1)",
    "def kld(mu, sigma): return mu.nothing",
    "def kld(mu, sigma): raise NotImplementedError()",
]


def test_drawing_calling_and_judging_can_be_done_in_three_processes():
    drawn = json.dumps(pack(checks.kld.draw(5)))
    task = json.dumps({"sources": SOURCES, "cases": json.loads(drawn)})
    run = subprocess.run([sys.executable, "-c", CALLER], input=task, capture_output=True, text=True, check=True)
    for source, outcomes in zip(SOURCES, json.loads(run.stdout), strict=True):
        elsewhere = checks.kld.result(unpack(json.loads(drawn)), outcomes)
        names = {}
        exec(source, names)
        here = checks.kld(names["kld"], seed=5)
        assert (repr(elsewhere), elsewhere.points) == (repr(here), here.points)


# Answers that cheat


class Agrees(torch.Tensor):
    """Says yes to every comparison, and comes back from every function."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in (torch.allclose, torch.equal):
            return True
        return args[0] if isinstance(args[0], cls) else super().__torch_function__(func, types, args, kwargs or {})

    def __eq__(self, other):
        return True

    __hash__ = None


class Number(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize(
    "cheat",
    [
        lambda x, w: torch.zeros(len(x)).as_subclass(Agrees),
        lambda x, w: [Number(0)] * len(x),
        lambda x, w: Number(0),
        lambda x, w: type("Anything", (), {"__eq__": lambda *_: True, "shape": (7,), "__hash__": None})(),
    ],
)
def test_an_object_that_equals_everything_gains_nothing(cheat):
    plain = check(lambda x, w: torch.zeros(len(x)), seed=0)
    result = check(cheat, seed=0)
    assert result.state == "not yet"
    assert result.points <= plain.points
