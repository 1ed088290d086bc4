"""The answers in a notebook that was handed in, whatever else is in it. Nothing here runs a student's code.

Cells may be renamed, split, merged, doubled, moved or without metadata. What counts is what the student's own notebook
would use; what was odd becomes a flag for the teacher.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from vae_grade.assignments import Assignment
from vae_grade.notebook import Cell, Notebook, Pictures, Unreadable

LONGEST = 200_000  # characters of an answer
MOST_CODE = 1_000_000  # characters of a notebook's code that are looked at
MOST_MAGICS = 20  # lines of a cell; IPython reads the whole cell again for each
MOST_ADDED = 50  # cells that are shown to who marks
# Names that an honest answer hardly needs. They stop nobody; they show a teacher where to look.
WORTH_A_LOOK = re.compile(
    r"\b(_?_import_?_|builtins|checks|compile|ctypes|eval|exec|gc|get_ipython|globals|importlib|inspect|multiprocessing"
    r"|nbgrader|open|os|pathlib|pickle|resource|settrace|shutil|signal|socket|subprocess|sys|tempfile|threading|urllib"
    r"|vae_lib|loss\.(bce|kld)|__\w*(eq|globals|subclasses|torch_function|closure|code|class)__|atexit)\b"
)
# Blanks, not \s: from each of many empty lines, that would look through all that follow.
PATCHED = re.compile(r"^[ \t]*(torch|F|np|math|json|loss|plots|Normal)(\.\w+)+[ \t]*=[^=]|\bsetattr\(", re.MULTILINE)
LESSON = re.compile(r"# \d\d · ")  # how the title of a lesson begins
MAGIC = re.compile(r"^[ \t]*[%!?]", re.MULTILINE)
# A pasted picture of which somebody changed the size, for which Markdown has no sign.
RESIZED = re.compile(r"""<img\b[^<>]*?\bsrc=["']attachment:([^"'<>()\s]+)["'][^<>]*>""")


@dataclass(frozen=True)
class Added:
    """A cell of the student's own, for who marks: the released cell that it stands below, its kind, text, pictures."""

    below: str
    kind: str
    source: str
    pictures: Pictures = field(default_factory=dict)


@dataclass
class Answers:
    """What a student has answered.

    Attributes:
        parts: the cells in code that make an answer, by exercise, in the notebook's order.
        imports: those of the student's own cells that an answer mentions, by exercise.
        helped: the parts of an answer and the student's own cells that define what it names, where there are such.
        above: the code cells up to an exercise's last test, but for the release's first ones where they are unchanged.
        own: of `above`, those that are neither the release's nor answers.
        written: the text of each answer in words, by grade id; `pictures` are in it.
        added: the student's own cells.
        shown: the most points that the saved outputs show, by exercise.
        flags: sentences on what is odd.
    """

    parts: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)
    helped: dict[str, list[str]] = field(default_factory=dict)
    above: dict[str, list[str]] = field(default_factory=dict)
    own: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    shown: dict[str, float] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)

    @property
    def code(self) -> dict[str, str]:
        """The source of each answer in code, by exercise."""
        return {name: "\n\n".join(parts) for name, parts in self.parts.items()}


def find_answers(notebook: Notebook, assignment: Assignment) -> Answers:
    """Match the cells that were handed in with the release: by grade id, cell id or text, then by what they define.

    Raises:
        Unreadable: no cell of the assignment is there.
    """
    cells = _place(notebook.cells, assignment)
    answers = Answers(flags=list(notebook.flags))
    title = next((cell.source for cell in notebook.cells if cell.kind == "markdown"), "")
    if LESSON.match(title) and not {cell.name for cell in cells} & {*assignment.checked, *assignment.written}:
        raise Unreadable(f"it is the lesson, not the exercises of {assignment.name}: ask for the other notebook")
    for name in assignment.checked:
        _find_code(name, cells, assignment, answers)
    for name in assignment.written:
        _find_words(name, cells, assignment, answers)
    if not answers.parts and not answers.written:
        raise Unreadable(f"no cell of {assignment.name} is in it")
    answers.added = _added(cells)
    for name in assignment.written:
        unanswered = answers.written.get(name) == assignment.sources[name]
        if unanswered and any(cell.kind != "code" for cell in answers.added):
            answers.flags.append(f"the answer {name} is empty, and there are words in cells of the student's own: look")
    for cell in notebook.cells:
        for name, points in cell.shown.items():
            answers.shown[name] = max(points, answers.shown.get(name, 0.0))
    if assignment.model_answers and assignment.model_answers == answers.code | answers.written:
        answers.flags.append("worth a look: all answers are the model answers, word for word")
    answers.flags = list(dict.fromkeys(answers.flags))
    return answers


@dataclass
class Placed:
    """A cell where it stands in the notebook, and what it is in the release.

    Attributes:
        cell, at: the cell, and how many are above it.
        name, released: the id of the released cell that it is, and the source of that, or "".
        is_code: whether it is code, and not so long that nobody looks at it.
        is_used: whether it is part of an answer.
    """

    cell: Cell
    at: int
    name: str
    released: str
    is_code: bool
    is_used: bool = False

    @property
    def source(self) -> str:
        """Of the cell."""
        return self.cell.source

    @property
    def as_released(self) -> bool:
        """Whether it is a cell of the release, unchanged."""
        return bool(self.name) and self.source.strip() == self.released.strip()

    @property
    def is_filled(self) -> bool:
        """Whether somebody wrote something into it that is not only blanks and comments."""
        if self.as_released:
            return False
        if self.cell.kind != "code":
            return _has_words(self.source[:LONGEST])
        return any(line.strip() and not line.lstrip().startswith("#") for line in self.source.splitlines())


def _place(cells: list[Cell], assignment: Assignment) -> list[Placed]:
    placed, length = [], 0
    for at, cell in enumerate(cells):
        by_id = next((name for name in (cell.grade_id, cell.id) if name in assignment.sources), "")
        name = by_id or assignment.name_of(cell.kind, cell.source)
        length += len(cell.source) if cell.kind == "code" and len(cell.source) <= LONGEST else 0
        is_code = cell.kind == "code" and len(cell.source) <= LONGEST and length <= MOST_CODE
        placed.append(Placed(cell, at, name, assignment.sources.get(name, ""), is_code))
    return placed


def _has_words(text: str) -> bool:
    """Whether there is more in a Markdown text than blanks and HTML comments."""
    while True:
        words, comment, rest = text.partition("<!--")
        if words.strip() or not comment:
            return bool(words.strip())
        text = rest.partition("-->")[2]


def _find_code(name: str, cells: list[Placed], assignment: Assignment, answers: Answers) -> None:
    """The parts of an answer: what is filled in in its cell, and what defines the function elsewhere above its test."""
    given = [cell for cell in cells if cell.name == name]
    filled = [cell for cell in given if cell.is_filled]
    test = _test_of(name, cells)
    end = test.at if test else len(cells)
    tested = _name_tested(name, test, cells)
    others = [c for c in cells if c.name != name and c.is_code and not c.as_released and tested in defined(c.source)]
    in_place = any(tested in defined(cell.source) for cell in filled if len(cell.source) <= LONGEST)
    after = filled[-1].at if in_place else -1
    elsewhere = [cell for cell in others if after < cell.at <= end] or ([] if in_place else others[-1:])
    unfilled = [cell for cell in given if cell.as_released] or given
    parts = sorted(filled + elsewhere, key=lambda cell: cell.at) or unfilled[-1:]
    if elsewhere:
        answers.flags.append(f"the answer {name} was found in another cell, by the function's name")
    elif not given:
        answers.flags.append(f"the answer cell {name} is missing")
    elif filled and not in_place and (names := possibly_meant([part.source for part in parts], assignment.checked)):
        answers.flags.append(
            f"the answer {name} defines {', '.join(names[:5])} and no {name}: is it right by that name?"
        )
    if tested != name:
        answers.flags.append(f"the test calls {tested} in place of {name}, which counts")
    if any(cell.cell.kind != "code" for cell in parts):
        answers.flags.append(f"the cell {name} is a Markdown cell in the notebook, and was run as code")
    if any(cell.at > end and cell not in parts and possibly_meant([cell.source], ()) for cell in others):
        answers.flags.append(f"{name} is defined again below its test, where it does not count")
    if len(given) > 1:
        which = "the one that is filled in counts" if len(filled) == 1 else "what is filled in was joined"
        answers.flags.append(f"the cell {name} is there {len(given)} times; {which}")
    if (length := sum(len(cell.source) for cell in parts)) > LONGEST:
        answers.flags.append(f"the answer {name} has {length:,} characters and was not run")
        return
    for cell in parts:
        cell.is_used = True
    if parts:
        answers.parts[name] = _join_bodies(parts) + ([f"{name} = {tested}"] if tested != name else [])
        answers.flags += _worth_a_look(name, answers.code[name])
    end = max([end, *(cell.at for cell in parts)])
    _find_above(name, [cell for cell in cells if cell.is_code and cell.at <= end], parts, assignment, answers)


def _find_above(name: str, above: list[Placed], parts: list[Placed], assignment: Assignment, answers: Answers) -> None:
    """What an answer may need besides its parts: the code cells above its test, and their imports."""
    changed = [cell for cell in above if cell not in parts and not cell.as_released]
    for cell in changed:
        if cell.name.startswith("test-"):
            answers.flags.append(f"the cell {cell.name} was changed; the release's counts")
    words = set(re.findall(r"\w+", answers.code.get(name, "")))
    answers.own[name] = [cell.source for cell in changed if cell.name not in assignment.checked]
    answers.imports[name] = [line for cell in changed for line in _imports(cell.source, words)]
    if helpers := _find_helpers(words, changed):
        sources = [cell.source for cell in sorted(helpers, key=lambda cell: cell.at)]
        answers.helped[name] = sources + answers.parts.get(name, [])
    sources, setup = [cell.source for cell in above], assignment.setup
    answers.above[name] = sources[len(setup) :] if sources[: len(setup)] == setup else sources


def _join_bodies(cells: list[Placed]) -> list[str]:
    """The sources of cells; one whose first line is indented goes on with the one before, from which it was split."""
    sources: list[str] = []
    for cell in cells:
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        if sources and first.startswith((" ", "\t")):
            sources[-1] += f"\n{cell.source}"
        else:
            sources.append(cell.source)
    return sources


def _find_helpers(words: set[str], cells: list[Placed]) -> list[Placed]:
    """The cells that define what these words name, and what those cells mention, and so on."""
    found: list[Placed] = []
    while more := [cell for cell in cells if cell not in found and words & {*defined(cell.source)}]:
        found += more
        words = words.union(*(re.findall(r"\w+", cell.source) for cell in more))
    return found


def _test_of(name: str, cells: list[Placed]) -> Placed | None:
    """The last cell in which the check of an exercise is called; a student may have called it again further down."""
    called = re.compile(rf"\bchecks\.{name}\(")
    tests = [cell for cell in cells if cell.is_code and cell.name != name and called.search(cell.source)]
    tests += [cell for cell in cells if cell.name == f"test-{name}"]
    return max(tests, key=lambda cell: cell.at, default=None)


def _name_tested(name: str, test: Placed | None, cells: list[Placed]) -> str:
    """The function that a changed test calls in place of the one that the exercise asks for; else that one."""
    found = re.search(rf"\bchecks\.{name}\(\s*(\w+)\s*[,)]", test.source) if test else None
    names = {word for cell in cells if cell.is_code and not cell.as_released for word in defined(cell.source)}
    return found[1] if found and name not in names and found[1] in names else name


def _find_words(name: str, cells: list[Placed], assignment: Assignment, answers: Answers) -> None:
    """An answer in words: what is filled in in its cell, and new text from its question to the next released cell.

    Where there is none, words in code cells there; where there are none, what was written into the question's own cell.
    """
    given = [cell for cell in cells if cell.name == name]
    order = [cell["id"] for cell in assignment.cells]
    question, below = order[order.index(name) - 1], False
    new = []
    for cell in cells:
        below = cell.name in (name, question) if cell.name else below
        new += [cell] if below and not cell.name else []
    filled = [cell for cell in given if cell.is_filled or _is_prose(cell)]
    added = [cell for cell in new if cell.cell.kind != "code" and cell.is_filled]
    if not added and not filled:
        added = [cell for cell in new if _is_prose(cell)]
        asked = [_without_release(cell) for cell in cells if cell.name == question and cell.cell.kind != "code"]
        added = added or [cell for cell in asked if _has_words(cell.source)]
    parts = sorted(filled + added, key=lambda cell: cell.at)
    if added and filled:
        answers.flags.append(f"words in an added cell belong to the answer {name}")
    elif added or not given:
        answers.flags.append(f"the answer cell {name} {'was found below its question' if added else 'is missing'}")
    for cell in parts:
        cell.is_used = True
    if parts:
        text, answers.pictures[name] = _with_pictures([cell.cell for cell in parts])
        answers.written[name] = text[:LONGEST]
    elif given:
        answers.written[name] = given[-1].released


def _is_prose(cell: Placed) -> bool:
    """Whether a cell holds words of the student's: in code, a cell of comments, a string, or what is no Python."""
    if not cell.is_code:
        return cell.is_filled
    strings = (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in _body(cell.source))
    return bool(cell.source.strip()) and not cell.as_released and all(strings)


def _without_release(cell: Placed) -> Placed:
    """A changed cell without what was released, where all of that is still in it; else nothing."""
    released = cell.released.strip()
    before, found, after = cell.source.partition(released) if released else ("", "", "")
    return replace(
        cell, cell=cell.cell._replace(source=f"{before.strip()}\n\n{after.strip()}".strip() if found else "")
    )


def _with_pictures(cells: list[Cell]) -> tuple[str, Pictures]:
    """The texts of cells, joined, and their pictures, of which each has a name of its own."""
    texts, pictures = [], Pictures()
    for cell in cells:
        text = RESIZED.sub(r"![](attachment:\1)", cell.source)
        for name, picture in cell.pictures.items():
            unique = f"{len(pictures)}-{name}" if name in pictures else name
            text = text.replace(f"attachment:{name}", f"attachment:{unique}")
            pictures[unique] = picture
        texts.append(text)
    return "\n\n".join(texts), pictures


def _added(cells: list[Placed]) -> list[Added]:
    """The student's own cells that are not empty, each below the released one that it follows."""
    added, below = [], ""
    for cell in cells:
        below = cell.name or below
        if not cell.name and not cell.is_used and cell.is_filled:
            added.append(Added(below, cell.cell.kind, cell.source[:LONGEST], cell.cell.pictures))
    return added[:MOST_ADDED]


def plain_python(source: str) -> str:
    """The source with magics and shell commands as the calls that IPython makes of them."""
    if len(MAGIC.findall(source)) > MOST_MAGICS:
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return TransformerManager().transform_cell(source)
    except Exception:  # it is a student's text, and IPython's transformer may raise nearly anything
        return source


@lru_cache(maxsize=256)
def _body(source: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a wrong escape in a string, say
        for text in (source, plain_python(source)):
            try:
                return ast.parse(text).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                pass
    return []


@lru_cache(maxsize=4096)
def find_meaning(source: str) -> str:
    """A cell's code without its comments and layout; its text where it is no Python, or has magics."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a wrong escape in a string, say
            return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source


@lru_cache(maxsize=4096)
def defined(source: str) -> tuple[str, ...]:
    """The names that a cell defines at its top: functions, classes, variables, imports; below a magic, too."""
    first, _, rest = source.lstrip().partition("\n")
    body = _body(rest if first.startswith("%%") and not first.startswith("%%writefile") else source)
    return tuple(dict.fromkeys(name for statement in body for name in _names(statement)))


def _names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from _bound(statement)
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
    elif isinstance(statement, ast.If | ast.Try | ast.With):
        for inner in ast.iter_child_nodes(statement):
            yield from _names(inner) if isinstance(inner, ast.stmt) else ()


def possibly_meant(sources: Iterable[str], others: Iterable[str]) -> list[str]:
    """The functions and classes of cells that may be an exercise's under another name.

    Args:
        sources: of the cells.
        others: the exercises, whose own functions are not meant.
    """
    statements = [statement for source in sources if len(source) <= LONGEST for statement in _body(source)]
    names = dict.fromkeys(name for statement in statements for name in _callables(statement))
    return [name for name in names if name not in others]


def _callables(statement: ast.stmt) -> Iterator[str]:
    """The names of functions, named lambdas and classes that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
        yield from _names(statement)
    elif isinstance(statement, ast.If | ast.Try | ast.With):
        for inner in ast.iter_child_nodes(statement):
            yield from _callables(inner) if isinstance(inner, ast.stmt) else ()


def needed_by(name: str, code: dict[str, str]) -> list[str]:
    """The earlier exercises of which an answer mentions the names, those that these mention, in order, and itself.

    Args:
        name: of the exercise.
        code: the answers in code, by exercise, in the order of the assignment.
    """
    names = list(code)[: list(code).index(name)]
    mentioned = set(re.findall(r"\w+", code[name]))
    called = []
    for earlier in reversed(names):
        if earlier in mentioned:
            called.append(earlier)
            mentioned |= set(re.findall(r"\w+", code[earlier]))
    return [*called[::-1], name]


def _bound(statement: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]


def _imports(source: str, words: set[str]) -> list[str]:
    """The imports of a cell that bind one of these words, each as a line."""
    statements = [s for s in _body(source) if isinstance(s, ast.Import | ast.ImportFrom)]
    return [ast.unparse(statement) for statement in statements if words & set(_bound(statement))]


def imported_modules(source: str) -> list[str]:
    """The packages that a cell imports, in functions and below magics, too."""
    nodes = [node for statement in _body(source) for node in ast.walk(statement)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def _worth_a_look(name: str, source: str) -> Iterator[str]:
    words = sorted({match.group() for match in WORTH_A_LOOK.finditer(source)})
    if words:
        yield f"worth a look: the answer {name} mentions {', '.join(words[:8])}"
    if PATCHED.search(source):
        yield f"worth a look: the answer {name} replaces something in a library"
