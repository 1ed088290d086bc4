"""Checks of assignment 02: the encoder and the decoder.

A student's class is built with small sizes and run with drawn weights, so that its numbers can be compared.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from vae_checks.check import Check, check_against, tensor_cases
from vae_checks.compare import difference, same
from vae_checks.mistakes import Mistake, both
from vae_checks.properties import Property, Seen, judge_each, stop_of
from vae_checks.shapes import FORM, GOT, IN_PICTURES, MISTAKES, gradients_of_first, in_shape, makes_pictures
from vae_probe.call import EXCHANGED, SURPLUS
from vae_probe.modules import FIXED, MADE, OF_THE_NOTEBOOK, PICTURES, REORDERED, WITHOUT_BIAS, call_module
from vae_probe.outcome import Case

USUAL = torch.tensor([-2.5, *[1.0] * 9])  # about which the numbers that come back lie
LARGE = torch.tensor([200.0, -200.0] * 5)  # the same, in the extreme case
POINTS = {"shape": 0, "value": 4, "gradient": 1, "batch of one": 2, "float64 and device": 0, "no global seed": 1}


def check_module(
    oracle: type[nn.Module],
    mistakes: list[Mistake],
    *,
    name: str,
    input_name: str,
    draw_input: Callable[..., torch.Tensor],
    hints: tuple[str, str, str],
    parts: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
    ends: dict[str, Callable] | None = None,
) -> Check:
    """A `Check` of a class of modules with the parameters of the oracle, a class as well.

    Args:
        input_name: of the argument of `forward`.
        draw_input: gives a batch of it, `torch.rand` or `torch.randn`.
        parts, data: as in `vae_checks.properties.Terms`.
        ends: of the mistakes that are known without a ReLU, too, by their names: a function of what should come back.
    """

    def draw(seed: int) -> list[Case]:
        def make(generator: torch.Generator, batch: int, ends: torch.Tensor = USUAL) -> dict[str, torch.Tensor]:
            # From ranges that do not meet, so that no two dimensions can be mistaken for each other.
            sizes = [int(torch.randint(low, low + 4, (), generator=generator)) for low in (12, 7, 3)]
            with torch.device("meta"):  # only the shapes are needed
                shapes = {name: weights.shape for name, weights in oracle(*sizes).named_parameters()}
            weights = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
            # Hidden units far below 0, around it, and far above 6: each function in place of the ReLU shows.
            weights["hidden.weight"] *= 0.5
            weights["hidden.bias"] = torch.linspace(-12, 12, sizes[1])
            # What comes back lies around the ends.
            for layer in sorted({name.partition(".")[0] for name in weights} - {"hidden"}):
                weights[f"{layer}.weight"] *= 0.1
                usual = weights[f"{layer}.weight"] @ weights["hidden.bias"].clamp(min=0)
                weights[f"{layer}.bias"] = ends[: sizes[2]] - usual
            # The last layer first: a gradient that is cut off is then named where it is cut.
            return dict(reversed(weights.items())) | {input_name: draw_input(batch, sizes[0], generator=generator)}

        extreme = make(torch.Generator().manual_seed(seed), 7, LARGE)
        return [*tensor_cases(seed, make), Case("extreme", extreme)]

    by_name = {mistake.name: mistake for mistake in mistakes}
    linear, *_ = _change_inside(oracle)
    pairs = [
        both(linear, by_name[name], change_end(_with_activation(oracle, lambda h: h), end))
        for name, end in (ends or {}).items()
    ]
    check = check_against(
        oracle,
        [*mistakes, *_change_inside(oracle), *pairs],
        name=name,
        points=POINTS,
        draw=draw,
        hints=hints,
        call=call_module,
        parts=parts,
        data=data,
        caps={"gradient": 4},
        forbidden=(f"vae_lib.model.{name}", "vae_lib.model.VAE"),
    )
    value = next(each for each in check.properties if each.name == "value")
    properties = [
        Property("layers", 0, _first_fault(_wrong_layers), required=True),
        Property("names of the layers", 2, _first_fault(lambda each: _names_and_form(each)[0])),
        # Right layers earn their points, whatever forward does with them.
        Property("forward", 0, judge_each(_unwritten, "main", "extreme"), required=True),
        replace(FORM, judge=judge_each(lambda each: _names_and_form(each)[1])),
        # Close to a ReLU a gradient is right on some draws, though the values are wrong on all.
        *(_after(value, each) if each.name == "gradient" else each for each in check.properties if each is not FORM),
        Property("large numbers", 0, judge_each(partial(_large, parts=parts), "extreme"), follows=("value",), cap=8),
    ]

    def recognise(seen: list[Seen]) -> Mistake | None:
        usual = [each for each in seen if each.case.kind != "extreme"]
        found = check.recognise(usual) or _recognise_layers(seen[0]) or _recognise_error(seen)
        if found is MISTAKES[EXCHANGED]:
            found = by_name["mu and sigma swapped"]
        right = same([each.expected.value for each in usual], [each.outcome.value for each in usual])
        if not found and any(each.outcome.varies for each in seen):
            return BY_CHANCE
        return found or (SPOILED if right and properties[-1].judge(seen) else None)

    may_stop = (*check.may_stop, "main", "extreme")
    return replace(check, properties=properties, recognise=recognise, prepare=_prepared, may_stop=may_stop)


def _after(first: Property, second: Property) -> Property:
    """The second, which is broken where the first is, too."""
    return replace(second, judge=lambda seen: first.judge(seen) or second.judge(seen))


def _large(each: Seen, parts: tuple[str, ...]) -> str:
    expected, actual = each.expected.value, each.outcome.value
    if same(expected, actual):
        return ""
    return f"where numbers are as large as 200, {difference(expected, actual, parts=parts)}"


def _first_fault(judge: Callable[[Seen], str]) -> Callable[[list[Seen]], str]:
    """A judge of all that was seen, of what ended with an error, too."""
    return lambda seen: next(filter(None, map(judge, seen)), "")


def _unwritten(each: Seen) -> str:
    value = each.outcome.value
    return value["forward"] if isinstance(value, dict) and isinstance(value.get("forward"), str) else ""


def _wrong_layers(each: Seen) -> str:
    value, error = each.outcome.value, each.outcome.error
    if error and MADE not in each.outcome.note:
        return stop_of(error)
    return value["layers"] if isinstance(value, dict) and isinstance(value.get("layers"), str) else ""


def _prepared(each: Seen) -> Seen:
    """What was seen, in the form that was asked for; the note says which it had."""
    value, expected, note = each.outcome.value, each.expected.value, ""
    if isinstance(value, list) and len(value) == 1 and isinstance(expected, torch.Tensor):
        value, note = value[0], WRAPPED
    elif isinstance(value, torch.Tensor) and isinstance(expected, list) and len(value) == len(expected):
        value = list(value)  # one tensor of both heads can be taken apart as a pair can
    else:
        value, note = in_shape(expected, value)
    outcome = replace(each.outcome, value=value, note=_joined(each.outcome.note, note))
    if note == SURPLUS:
        outcome = replace(outcome, gradients=gradients_of_first(each))
    if isinstance(value, list) and not same(expected, value) and same(expected, value[::-1]):
        # Their gradients are those of a sum that weighs each part by its place.
        note = _joined(each.outcome.note, EXCHANGED)
        outcome = replace(outcome, value=value[::-1], note=note, gradients=each.expected.gradients)
    return each._replace(outcome=outcome)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _names_and_form(each: Seen) -> tuple[str, str]:
    """What is wrong with the names of the layers, and what with the form of what runs all the same; or ""."""
    notes = each.outcome.note.split("; ")
    found = next((GOT.get(note, note) for note in reversed(FORMS) if note in notes), "")
    return _joined(*(note for note in notes if note != MADE and note not in FORMS)), found


WRAPPED = "expected the tensor itself, got it in a tuple or list: is there a comma behind it?"
FORMS = MISTAKES | {
    FIXED: Mistake(
        "sizes of the layers that do not follow the arguments",
        "Which arguments has your `__init__`, and in which of its lines do you read each of them?",
    ),
    REORDERED: Mistake(
        "the sizes in another order",
        "Which size comes first in the `__init__` of the exercise, and which in yours? The cell below gives numbers.",
    ),
    OF_THE_NOTEBOOK: Mistake(
        "sizes in forward that do not follow the arguments",
        "Which number in your `forward` is a size, and which argument of `__init__` says it already?",
    ),
    PICTURES: IN_PICTURES,
    WITHOUT_BIAS: Mistake(
        "a layer without its biases",
        "A linear layer also adds a number to each sum. Which argument of yours switches that off?",
    ),
    WRAPPED: Mistake("a tuple of one tensor", "What is `(x,)` in Python, and what is `(x)`?"),
}
IN_A_SEQUENTIAL = Mistake(
    "a Sequential in place of the linear layer",
    "Trained weights are called hidden.weight. How are they called in your module? Where else can the ReLU stand?",
)
OTHER_NAMES = Mistake(
    "layers of other names",
    "The cell below gives your layers trained weights, by name. Under which names will it look for them?",
)
ONE_TOO_MANY = Mistake(
    "a layer that nobody asked for",
    "The cell below gives your layers trained weights. Which of them are for this one, and what does it do?",
)
NOT_KEPT = Mistake(
    "layers that nobody keeps",
    "When are your layers made, and how often? What has `self` to do with them, so that it can find them again?",
)
NO_BASE = Mistake(
    "super().__init__() is missing",
    "Which line stood first in the `__init__` that you were given? What can `self` not do before it?",
)
NOT_CALLED = Mistake(
    "a layer's class called with numbers",
    "`nn.ReLU` is a class: `nn.ReLU()` makes a layer of it, which takes h. What does `nn.ReLU(h)` make?",
)
BY_CHANCE = Mistake(
    "chance between the layers",
    "Call your module twice with the same batch. Which of its layers makes two different things of it?",
)
SPOILED = Mistake(
    "a last step that spoils large numbers",
    "`forward` returns what a linear layer gives, as it is. What does your last step make of 200, and of −200?",
)
ONE_HEAD = Mistake(
    "one layer in place of two heads",
    "The weights of a trained encoder belong to hid_mu and hid_sigma. Which of your layers takes which?",
)
TURNED = Mistake(
    "inputs and outputs of a layer swapped",
    "`nn.Linear(a, b)` takes a numbers and gives b. Which of them does this layer take?",
)


def _recognise_layers(each: Seen) -> Mistake | None:
    """The mistake in the layers, from the sentence about them."""
    names, form = _names_and_form(each)
    fault = _wrong_layers(each)
    if form:
        return next(mistake for note, mistake in FORMS.items() if GOT.get(note, note) == form)
    if names.startswith("beside those"):
        return ONE_TOO_MANY
    if names:
        asked, _, yours = names.removeprefix("expected ").partition(", yours are ")
        return IN_A_SEQUENTIAL if re.sub(r"\.\d+", "", yours) == asked else OTHER_NAMES
    if fault.endswith("your module has no layers"):
        return NOT_KEPT
    if re.match(r"there is no hid_(mu|sigma)\.weight", fault):
        return ONE_HEAD
    if shapes := re.search(r"\((\d+), (\d+)\), yours is \((\d+), (\d+)\)", fault):
        return TURNED if shapes.group(1, 2) == shapes.group(4, 3) else None
    return None


def _recognise_error(seen: list[Seen]) -> Mistake | None:
    """The mistake that stops an answer: one of the base class, of a layer's class, or of rows made into pictures."""
    made = r"(^|must be Tensor, not )(ReLU|Sigmoid|Tanh)($|\.__init__\(\) takes 1 positional)"
    for _, outcome, _ in seen:
        unknown = outcome.value.get("unknown", "") if isinstance(outcome.value, dict) else ""
        if outcome.error and "before Module.__init__() call" in outcome.error.message:
            return NO_BASE
        if re.search(made, outcome.error.message if outcome.error else str(unknown)):
            return NOT_CALLED
    return IN_PICTURES if makes_pictures(seen) else None


def change_end(oracle: Any, end: Callable) -> Any:
    """The class with a function of what it should return."""

    class Wrong(oracle):
        def forward(self, batch: torch.Tensor) -> Any:
            returned = super().forward(batch)
            return end(*returned) if isinstance(returned, tuple) else end(returned)

    return Wrong


def _with_activation(oracle: Any, activation: Callable) -> Any:
    """The class with another function in the place of the ReLU."""

    class Wrong(oracle):
        def forward(self, batch: torch.Tensor) -> Any:
            return self.last(activation(self.hidden(batch)))

    return Wrong


def _change_inside(oracle: Any) -> list[Mistake]:
    """The mistakes between the layers, for either class; each of them has `hidden` and `last`."""

    def instead(name: str, question: str, *activations: Callable) -> Mistake:
        return Mistake(name, question, *(_with_activation(oracle, activation) for activation in activations))

    between = "Which values can your hidden units take? What did lesson 02 do with those below 0, and those above 1?"
    return [
        instead(
            "no ReLU on the hidden layer",
            "Two linear layers with nothing between them: how many linear layers would do the same?",
            lambda h: h,
        ),
        instead("sigmoid in place of ReLU", between, torch.sigmoid),
        instead("tanh in place of ReLU", between, torch.tanh),
        instead(
            "softmax in place of ReLU",
            "What do your hidden units add up to? May two of them be large at once?",
            lambda h: h.softmax(1),
        ),
        instead(
            "the sign of the ReLU turned",
            "Which numbers does your function set to 0: the negative ones?",
            lambda h: h.clamp(max=0),
        ),
        instead(
            "ReLU6 in place of ReLU",
            "What becomes of a hidden unit of 9, and what should?",
            F.relu6,
            lambda h: h.clamp(0, 1),
        ),
        instead(
            "a relative of the ReLU in its place",
            "What does your function give for −1, and what does a ReLU?",
            *(F.leaky_relu, F.gelu, F.silu, F.elu, F.selu, F.softplus, torch.abs),
        ),
        Mistake(
            "nothing is returned",
            "What does a function give to its caller, if it has no `return`?",
            change_end(oracle, lambda *_: None),
        ),
        Mistake(
            "a dimension squeezed away",
            "What shape should come back for a batch of one image, and what shape does?",
            change_end(oracle, lambda *parts: [part.squeeze() for part in parts] if parts[1:] else parts[0].squeeze()),
            _with_activation(oracle, lambda h: F.relu(h).squeeze()),
        ),
    ]


def cut_off(oracle: Any, *ways: Any) -> Mistake:
    """The mistake of a detached hidden layer; more ways to cut the gradient off are the class's own."""
    return Mistake(
        "the gradient is cut off",
        "Training asks what comes out: which way should each weight move? Where on the way back does that end?",
        _with_activation(oracle, lambda h: F.relu(h).detach()),
        *ways,
    )
