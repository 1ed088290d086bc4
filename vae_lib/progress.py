"""How far a student is: the points in the saved assignments, and what to do next. Nothing is run, and nothing is sent.

vae-progress              # the assignments in ./exercises
vae-progress FOLDER       # those in another folder
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

from vae_lib.files import printing, stopping

UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)  # a file that is no notebook
UNWRITTEN = "YOUR ANSWER HERE"  # nbgrader's text in a question in words that nobody has answered


@dataclass(frozen=True)
class Exercise:
    """A graded cell as it was saved.

    `points` were reached; None where only a teacher can say: then `done` says whether there is an answer. `trouble` is
    the name of the error with which the check's cell ended.
    """

    name: str
    max_points: float
    points: float | None
    done: bool
    trouble: str = ""


def main(argv: list[str] | None = None) -> None:
    """The command vae-progress."""
    parser = argparse.ArgumentParser(prog="vae-progress", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("exercises"), help="default: exercises")
    folder = parser.parse_args(argv).folder
    folder = folder.expanduser() if folder.parts[:1] == ("~",) else folder
    try:
        paths = [folder] if folder.is_file() else sorted(folder.rglob("*.ipynb"))
    except OSError as error:
        parser.error(f"{folder} cannot be searched ({error}): name the folder of your assignments")
    paths = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
    if not paths:
        parser.error(f"no notebook in {folder}: go to the course's folder, or name the folder of your assignments")
    with stopping(), printing():
        print(report(paths))


def report(paths: list[Path]) -> str:
    """The lines that the command prints for these notebooks."""
    lines, next_step = ["Points in your notebooks as they were last saved:", ""], None
    for path in paths:
        try:
            exercises = saved_exercises(path)
        except UNREADABLE:
            lines.append(f"  {path.stem:32} cannot be read: get it again from the course, or a copy of yours")
            continue
        if not exercises:
            continue
        checked = [exercise for exercise in exercises if exercise.points is not None]
        reached, total = sum(e.points or 0 for e in checked), sum(e.max_points for e in checked)
        words = [exercise for exercise in exercises if exercise.points is None]
        note = f"   {sum(e.done for e in words)} of {len(words)} in words answered" if words else ""
        lines.append(f"  {path.stem:32} {reached:4g} of {total:3g}{note}")
        undone = [exercise for exercise in exercises if not exercise.done]
        if undone and next_step is None:
            next_step = advice(path, undone[0])
    return "\n".join([*lines, "", next_step or "All is done. Answers in words get their points from a teacher."])


def saved_exercises(path: Path) -> list[Exercise]:
    """The graded cells of a saved notebook, in order.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError: a file that is no notebook.
    """
    cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
    marked = [(cell, cell["metadata"].get("nbgrader", {})) for cell in cells]
    return [saved_exercise(cell, mark) for cell, mark in marked if mark.get("grade")]


def saved_exercise(cell: dict, mark: dict) -> Exercise:
    """The `Exercise` of a graded cell with nbgrader's mark."""
    name, most = mark["grade_id"], float(mark["points"])
    if cell["cell_type"] == "markdown":
        text = "".join(cell["source"]).strip()
        return Exercise(name, most, None, done=text not in ("", UNWRITTEN))
    outputs = cell.get("outputs", [])
    trouble = next((output["ename"] for output in outputs if output["output_type"] == "error"), "")
    points = min(shown_number(outputs), most)
    return Exercise(name.removeprefix("test-"), most, points, done=points == most, trouble=trouble)


def shown_number(outputs: list[dict]) -> float:
    """The number with which a cell's outputs end, at least 0; 0 if they do not end with a number."""
    text = "".join(outputs[-1].get("data", {}).get("text/plain", "")) if outputs else ""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return max(0.0, number) if math.isfinite(number) else 0.0


def advice(path: Path, exercise: Exercise) -> str:
    """What to do next, for the first exercise that is not done."""
    where = f"Next: {path}, exercise {exercise.name}"
    if exercise.points is None:
        return f"{where}: answer it in words."
    if exercise.trouble:
        return f"{where}: its check ended with a {exercise.trouble}; choose Run → Run All Cells, then save."
    state = f"{where}: {exercise.points:g} of {exercise.max_points:g} points."
    return f"{state} Run its cells and save; for a hint, checks.{exercise.name}.hint(1)."


if __name__ == "__main__":
    main()
