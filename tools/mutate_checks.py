"""Are the checks right? For each exercise, what its check accepts, what it names and what it lets through.

    python -m tools.mutate_checks            # of every exercise
    python -m tools.mutate_checks kld bce    # of these

Right and wrong answers are those of tests/answers; the model answer in sources/assignments/ is one more right one. A
mutant is the model answer with one small change. One that its check still calls right survives, and is printed below
the table, unless tests/answers says why it is equivalent.

Neither mutmut nor cosmic-ray fits: both rewrite the modules of a package and start a test run for each mutant, while
our model answers are cells of a notebook's source, and a check of one takes milliseconds.
"""

import argparse
import ast
import contextlib
import dataclasses
import importlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jupytext

import vae_checks as checks
from vae_checks.check import Check

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = ROOT / "tests/answers"
# For how many seeds a check sees each right answer, each wrong one and each mutant; fewer where one look takes seconds.
SEEDS = {"right": 20, "wrong": 5, "mutant": 3}
SLOW = {"fit": {"right": 1, "wrong": 1, "mutant": 1}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; all of them, if none is named")
    args = parser.parse_args()
    by_name = exercises()
    if unknown := set(args.names) - set(by_name):
        parser.error(f"no exercise: {', '.join(sorted(unknown))}")
    print("| exercise | right variants accepted | named mistakes caught | mutants killed |\n|---|---|---|---|")
    wrong = []
    for name in args.names or by_name:
        row, faults = row_of(by_name[name])
        print(row, flush=True)
        wrong += [f"{name}: {fault}" for fault in faults]
    sys.exit("\n".join(["", *wrong]) if wrong else 0)


class Exercise(NamedTuple):
    """An exercise: its check, and the answers that the check is tested with."""

    name: str
    check: Check
    right: list[Callable]
    wrong: list[tuple[str, Callable]]
    equivalent: dict[str, str]
    source: str  # of the cell with the model answer
    names: dict  # what that cell finds defined

    @property
    def seeds(self):
        return SEEDS | SLOW.get(self.name, {})

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


def row_of(exercise):
    """The exercise's line of the table, and what is not as it should be."""
    refused, missed = refused_answers(exercise), missed_mistakes(exercise)
    tried, alive = surviving_mutants(exercise)
    right, wrong, known = len(exercise.right) + 1, len(exercise.wrong), set(exercise.equivalent)
    killed = f"{len(tried) - len(alive)} of {len(tried)}" + (f", {len(known)} equivalent" if known else "")
    row = f"| `{exercise.name}` | {right - len(refused)} of {right} | {wrong - len(missed)} of {wrong} | {killed} |"
    survivors = [f"a mutant survives: {mutant}" for mutant in alive if mutant not in known]
    stale = [f"listed as equivalent, but no survivor: {mutant}" for mutant in known - set(alive)]
    return row, [*refused, *missed, *survivors, *stale]


def refused_answers(exercise):
    """The right answers, the model answer among them, that do not get full points for each seed; a sentence each."""
    faults = []
    for answer in [*exercise.right, exercise.model()]:
        results = (exercise.check(answer, seed) for seed in range(exercise.seeds["right"]))
        if bad := next((r for r in results if r.state != "right" or r.points != r.check.max_points), None):
            faults.append(f"a right answer is refused: {answer.__name__}\n{bad!r}")
    return faults


def missed_mistakes(exercise, seeds=None):
    """The wrong answers that do not fail, or are not named, for each seed; a sentence each."""
    faults = []
    for name, answer in exercise.wrong:
        results = (exercise.check(answer, seed) for seed in range(seeds or exercise.seeds["wrong"]))
        if bad := next((r for r in results if r.state != "not yet" or not r.mistake or r.mistake.name != name), None):
            faults.append(f"a wrong answer is not named: {name}\n{bad!r}")
    return faults


def surviving_mutants(exercise, every=1):
    """The mutants of the model answer that were tried, all or every n-th, and those that the check calls right."""
    check = dataclasses.replace(exercise.check, recognise=lambda seen: None)  # which takes most of the time
    start = time.process_time()
    check(exercise.model(), 0)
    limit = 5 + 5 * (time.process_time() - start)
    made = mutants(exercise.source)
    tried = list(made)[::every]
    seconds = limit * exercise.seeds["mutant"]
    return tried, [mutant for mutant in tried if survives(exercise, check, made[mutant], seconds)]


def survives(exercise, check, source, limit):
    """Whether the check calls the changed model answer right for each seed, within so many seconds."""
    try:
        with time_limit(limit):
            model = exercise.model(source)
            return all(check(model, seed).state == "right" for seed in range(exercise.seeds["mutant"]))
    except (Exception, TimeUp):  # already the definition may raise anything
        return False


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
