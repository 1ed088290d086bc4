"""Are the checks right? For each exercise, what its check accepts, what it names and what it lets through.

    python -m tools.mutate_checks                  # of every exercise
    python -m tools.mutate_checks kld bce          # of these
    python -m tools.mutate_checks kld --seeds 50   # each answer on 50 draws: is every answer judged alike on all?

Right and wrong answers are those of tests/answers; the model answer in sources/assignments/ is one more right one. A
mutant is the model answer with one small change. One that its check still calls right survives, and is printed below
the table, unless tests/answers says why it is equivalent. So is an answer, right, wrong or mutated, whose verdict,
points or named mistake are not the same on each draw: what a student gets must not be luck.

Neither mutmut nor cosmic-ray fits: both rewrite the modules of a package and start a test run for each mutant, while
our model answers are cells of a notebook's source, and a check of one takes milliseconds.
"""

import argparse
import ast
import contextlib
import dataclasses
import functools
import importlib
import random
import signal
import sys
import time
import unittest.mock
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jupytext
import numpy as np
import torch

import vae_checks as checks
import vae_checks.check
from vae_checks.check import Check
from vae_probe.call import preserve_random_states
from vae_probe.outcome import pack

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = ROOT / "tests/answers"
# On how many draws a check sees each right answer, each wrong one and each mutant; fewer where one look takes seconds.
SEEDS = {"right": 2, "wrong": 2, "mutant": 1}
TRAINING = ("fit", "train_fast", "mended_units", "mended_noise", "mended_training")
SLOW = {name: {"right": 1, "wrong": 1, "mutant": 1} for name in TRAINING}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; all of them, if none is named")
    parser.add_argument("--seeds", type=int, metavar="N", help="draws for each answer, right, wrong or mutated")
    args = parser.parse_args()
    by_name = exercises()
    if unknown := set(args.names) - set(by_name):
        parser.error(f"no exercise: {', '.join(sorted(unknown))}")
    columns = ("exercise", "right variants accepted", "named mistakes caught", "mutants killed", "not judged alike")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    wrong = []
    for name in args.names or by_name:
        row, faults = row_of(by_name[name], args.seeds)
        print(row, flush=True)
        wrong += [f"{name}: {fault}" for fault in faults]
    sys.exit("\n".join(["", *wrong]) if wrong else 0)


class Exercise(NamedTuple):
    """An exercise: its check, and the answers that the check is tested with."""

    name: str
    check: Check
    right: list[Callable]
    wrong: list[tuple]  # the mistake's name, the answer, and the points that it earns, where a test is to hold them
    equivalent: dict[str, str]
    source: str  # of the cell with the model answer
    names: dict  # what that cell finds defined

    def seeds(self, kind):
        """On how many draws an answer of this kind, "right", "wrong" or "mutant", is looked at."""
        return (SEEDS | SLOW.get(self.name, {}))[kind]

    def model(self, source=None):
        """The model answer, or what a changed source of it defines."""
        names = dict(self.names)
        exec(source or self.source, names)
        return names[self.name]


def exercises():
    """Every exercise that has a check, a model answer and answers in tests/answers: {name: Exercise}."""
    by_name = {}
    for source in sorted((ROOT / "sources/assignments").glob("*.py")):
        for name, cell, names in models(source):
            if hasattr(checks, name) and (ANSWERS / f"{name.lower()}.py").exists():
                answers = import_answers(name)
                by_name[name] = Exercise(
                    name, getattr(checks, name), answers.RIGHT, answers.WRONG, answers.EQUIVALENT, cell, names
                )
    return by_name


def import_answers(name):
    """The module of tests/answers with the answers to an exercise."""
    return importlib.import_module(f"tests.answers.{name.lower()}")


def models(source):
    """Of each answer cell of an assignment: name, source, and the names that the imports and answers before it define.

    No other cell runs; some of them train.
    """
    names = {}
    for cell in jupytext.read(source).cells:
        if cell.cell_type != "code":
            continue
        if name := cell.metadata.get("answer"):
            yield name, cell.source, dict(names)
            exec(cell.source, names)
        else:
            imports = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
            exec(compile(ast.Module(imports, []), source, "exec"), names)


class Judgement(NamedTuple):
    """What a check says of an answer on one draw."""

    state: str
    points: float
    mistake: str | None


def row_of(exercise, seeds=None):
    """The exercise's line of the table, and what is not as it should be."""
    right, refused = judge_right(exercise, seeds)
    wrong, missed = judge_wrong(exercise, seeds)
    mutated, alive = judge_mutants(exercise, seeds, named=seeds is not None)
    known, unsteady = set(exercise.equivalent), find_unsteady({**right, **wrong, **mutated})
    killed = f"{len(mutated) - len(alive)} of {len(mutated)}" + (f", {len(known)} equivalent" if known else "")
    accepted, caught = (f"{len(all_) - len(bad)} of {len(all_)}" for all_, bad in ((right, refused), (wrong, missed)))
    row = f"| `{exercise.name}` | {accepted} | {caught} | {killed} | {len(unsteady)} |"
    survivors = [f"a mutant survives: {mutant}" for mutant in alive if mutant not in known]
    stale = [f"listed as equivalent, but no survivor: {mutant}" for mutant in known - set(alive)]
    return row, [*refused, *missed, *survivors, *stale, *unsteady]


def judge(check, answer, seeds):
    """What the check says of an answer on each of the draws: {`Judgement`: the first `Result` that says so}.

    Draws that are alike are looked at twice, with other global random states.
    """
    judged, distinct = {}, distinct_draws(check.name, check.draw, seeds)
    for number, cases in enumerate(distinct if len(distinct) == seeds else [*distinct, distinct[-1]]):
        with preserve_random_states(), remember_ways():
            torch.manual_seed(number)
            np.random.seed(number)
            random.seed(number)
            result = check.result(cases, check.call(answer, cases), answer)
        said = Judgement(result.state, result.points, result.mistake.name if result.mistake else None)
        judged.setdefault(said, result)
    return judged


@functools.cache
def distinct_draws(name, draw_cases, seeds):
    """The cases of a check for so many seeds, no two alike; drawn once, so that our own answers see them once alone."""
    drawn = [draw_cases(seed) for seed in range(seeds)]
    return list({repr(pack(cases)): cases for cases in drawn}.values())


@contextlib.contextmanager
def remember_ways():
    """In the block, checks call the oracle and the ways of the known mistakes once on each case, for all answers."""
    with unittest.mock.patch.object(vae_checks.check, "outcomes_of", remembered_outcomes):
        yield


known_outcomes = {}
outcomes_of = vae_checks.check.outcomes_of


def remembered_outcomes(call, function, cases):
    """As `vae_checks.check.outcomes_of`; the cases are those of `distinct_draws`, which live as long as this does."""
    key = (call, function, *map(id, cases))
    if key not in known_outcomes:
        known_outcomes[key] = outcomes_of(call, function, cases)
    return known_outcomes[key]


def find_unsteady(judged):
    """The answers that are not judged alike on all draws, a sentence each; from {answer: {`Judgement`: …}}."""
    return [
        f"not judged alike: {answer}\n"
        + "\n".join(f"    {said.points:g} {said.state}, {said.mistake}" for said in each)
        for answer, each in judged.items()
        if len(each) > 1
    ]


def judge_right(exercise, seeds=None):
    """How the right answers, the model answer among them, are judged; and those refused on a draw, a sentence each."""
    answers = [*exercise.right, exercise.model()]
    judged = {
        f"right answer {number}, {getattr(answer, '__name__', answer)}": judge(
            exercise.check, answer, seeds or exercise.seeds("right")
        )
        for number, answer in enumerate(answers)
    }
    full = Judgement("right", exercise.check.max_points, None)
    return judged, [
        f"a right answer is refused: {answer}\n{result!r}"
        for answer, each in judged.items()
        for said, result in each.items()
        if said != full
    ]


def judge_wrong(exercise, seeds=None):
    """How the wrong answers are judged; and those with another name or other points on a draw, a sentence each."""
    judged, missed = {}, []
    for number, (name, answer, *points) in enumerate(exercise.wrong):
        each = judge(exercise.check, answer, seeds or exercise.seeds("wrong"))
        judged[f"wrong answer {number}, {name}"] = each
        right = [("not yet", earned, name) for earned in points or {said.points for said in each}]
        bad = [result for said, result in each.items() if (said.state, said.points, said.mistake) not in right]
        missed += [f"a wrong answer is not judged as it should: {name}, {points}\n{bad[0]!r}"] if bad else []
    return judged, missed


def judge_mutants(exercise, seeds=None, *, named=False, every=1):
    """How the mutants of the model answer, all or every n-th, are judged; and those that are right on each draw.

    Without `named` no mistake is looked for, which takes most of the time.
    """
    check = exercise.check if named else dataclasses.replace(exercise.check, recognise=lambda seen: None)
    seeds = seeds or exercise.seeds("mutant")
    start = time.process_time()
    check(exercise.model(), 0)
    limit = 5 + 5 * (time.process_time() - start)
    made = list(mutants(exercise.source).items())[::every]
    judged = {mutant: judge_mutant(exercise, check, source, seeds, limit * seeds) for mutant, source in made}
    return judged, [mutant for mutant, each in judged.items() if {said.state for said in each} == {"right"}]


def judge_mutant(exercise, check, source, seeds, limit):
    """As `judge`, of a changed model answer; nothing, if it raises an error or takes more than so many seconds."""
    try:
        with time_limit(limit):
            return judge(check, exercise.model(source), seeds)
    except (Exception, TimeUp):  # already the definition may raise anything
        return {}


class TimeUp(BaseException):
    """Not an `Exception`, because a check holds those for errors of the student's code."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise `TimeUp` in the block when it has computed for so many seconds, however busy the machine is."""

    def stop(*_):
        raise TimeUp

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# Mutants

OPERATORS = {
    **{ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.Pow: [ast.Mult]},
    **{ast.FloorDiv: [ast.Div], ast.Mod: [ast.Mult], ast.MatMult: [ast.Mult], ast.And: [ast.Or], ast.Or: [ast.And]},
    **{ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt]},
    **{ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is]},
    **{ast.In: [ast.NotIn], ast.NotIn: [ast.In]},
}
PAIRS = [
    *[("sum", "mean"), ("log", "exp"), ("rand", "randn"), ("rand_like", "randn_like"), ("zeros", "ones")],
    *[("zeros_like", "ones_like"), ("square", "abs"), ("sqrt", "square"), ("min", "max"), ("argmin", "argmax")],
    *[("train", "eval"), ("relu", "sigmoid"), ("sigmoid", "tanh"), ("ReLU", "Sigmoid"), ("none", "sum")],
    *[("mean", "none"), ("std", "var"), ("softplus", "exp"), ("append", "extend"), ("U", "Vh")],
]
WORDS = {a: [b for pair in PAIRS if a in pair for b in pair if b != a] for pair in PAIRS for a in pair}
MODULES = {"torch", "F", "nn", "np", "math"}


def mutants(source):
    """All mutants of the solution in a cell's source: {"line: before → after": changed source}."""
    made, times, seen = {}, Counter(), {ast.unparse(ast.parse(source))}
    solution, nodes = solution_lines(source), list(ast.walk(ast.parse(source)))
    values = [node.value for node in nodes if isinstance(node, ast.Return | ast.Assign)]
    values += [item for value in values if isinstance(value, ast.Tuple) for item in value.elts]
    for index, node in enumerate(nodes):
        if getattr(node, "lineno", None) not in solution:
            continue
        for new in [*changes(node), *([ast.UnaryOp(ast.USub(), node)] if node in values else [])]:
            tree = ast.parse(source)
            old = next(n for i, n in enumerate(ast.walk(tree)) if i == index)
            text = ast.unparse(Exchange(old, new).visit(tree))
            if text in seen:
                continue
            seen.add(text)
            after = "nothing" if isinstance(new, ast.Pass) else in_a_line(new)
            mutant = f"{node.lineno}: {in_a_line(node)} → {after}"
            times[mutant] += 1
            made[mutant if times[mutant] == 1 else f"{mutant} ({times[mutant]})"] = text
    return made


def solution_lines(source):
    """The numbers of the lines between the solution marks: what the student writes."""
    inside, numbers = False, set()
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or "BEGIN SOLUTION" in line) and "END SOLUTION" not in line
        if inside:
            numbers.add(number)
    return numbers


class Exchange(ast.NodeTransformer):
    """Puts a new node, or a list of statements, in the place of an old one."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def in_a_line(node):
    """The source of a node; of one that spans lines the first."""
    return ast.unparse(node[0] if isinstance(node, list) else node).splitlines()[0]


def changes(node):
    """What is put in the place of a node, one after the other."""
    match node:
        case ast.BinOp(left, op, right):
            yield from (ast.BinOp(left, new(), right) for new in OPERATORS[type(op)])
            yield from (left, right)
            if not isinstance(op, ast.Add | ast.Mult):
                yield ast.BinOp(right, op, left)
        case ast.AugAssign(target, op, value):
            yield from (ast.AugAssign(target, new(), value) for new in OPERATORS[type(op)])
            yield ast.Assign([target], value, lineno=0)
        case ast.BoolOp(op, values):
            yield from (ast.BoolOp(new(), values) for new in OPERATORS[type(op)])
            yield from values
        case ast.Compare(left, [op], [right]):
            yield from (ast.Compare(left, [new()], [right]) for new in OPERATORS[type(op)])
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield from (body, orelse)
        case ast.Constant(value):
            yield from (ast.Constant(new) for new in other_constants(value))
        case ast.Attribute(value, name):
            yield from (ast.Attribute(value, new) for new in WORDS.get(name, []))
        case ast.Name(name):
            yield from (ast.Name(new) for new in WORDS.get(name, []))
        case ast.Subscript(value):
            yield value
        case ast.Slice(lower, upper, step):
            yield ast.Slice(upper, lower, step)
        case ast.Call():
            yield from changed_calls(node)
        case ast.If(_, body) | ast.With(_, body):
            yield body
    is_string = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.stmt) and not is_string and not isinstance(node, ast.Pass):
        yield ast.Pass()


def changed_calls(call):
    """A call without one of its keywords, with two arguments swapped, or replaced by what it was called on."""
    func, args, keywords = call.func, call.args, call.keywords
    for i in range(len(keywords)):
        yield ast.Call(func, args, keywords[:i] + keywords[i + 1 :])
    for i in range(len(args) - 1):
        yield ast.Call(func, [*args[:i], args[i + 1], args[i], *args[i + 2 :]], keywords)
    yield from (arg for arg in args[:2] if not isinstance(arg, ast.Starred))
    if isinstance(func, ast.Attribute) and ast.unparse(func.value) not in MODULES:
        yield func.value


def other_constants(value):
    """Constants to put in the place of one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 0] if value else [1, -1]
    if isinstance(value, float):
        return [2 * value, 0.0] if value else [1.0]
    return WORDS.get(value, [])


if __name__ == "__main__":
    main()
