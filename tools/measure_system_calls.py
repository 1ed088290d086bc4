"""Which system calls honest answers make, beside those that the sandbox's filter lets through.

Every model answer is graded, and tests/ordinary_code.py is run, without a sandbox, under strace. What each answer's
process and all that it starts call is counted.

    python tools/measure_system_calls.py            all
    python tools/measure_system_calls.py ordinary   only the ordinary code: seconds, where all takes minutes

Needs Linux, the course with its [grade] part, and strace (`apt install strace`).
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

ORDINARY = (Path(__file__).parents[1] / "tests" / "ordinary_code.py").read_text()


def measure(notebooks):
    """Grade notebooks, {assignment: bytes}, under strace: a Counter of the system calls of answers."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in notebooks.items():
            Path(folder, f"{name}.ipynb").write_bytes(data)
        traced = [sys.executable, __file__, "--grade", folder]
        trace = ["strace", "--follow-forks", "--output-separately", "--signal=none", "-o", f"{folder}/trace"]
        subprocess.run([*trace, *traced], check=True)
        traces = {int(path.suffix[1:]): path.read_text(errors="replace") for path in Path(folder).glob("trace.*")}
    calls = Counter()
    # The first thing that an answer's process does is a session of its own; the graders' are begun by `execve`.
    waiting = {
        pid: text.index("setsid(") for pid, text in traces.items() if "setsid(" in text and "execve(" not in text
    }
    while waiting:
        pid, start = waiting.popitem()
        text = traces.pop(pid, "")[start:]
        calls.update(re.findall(r"^(\w+)\(", text, re.MULTILINE))
        children = re.findall(r"^(?:clone3?|v?fork)\(.* = (\d+)$", text, re.MULTILINE)
        waiting |= {int(child): 0 for child in children if int(child) in traces}
    return calls


def grade(folder):
    """Grade each notebook of a folder without a sandbox; what does not earn all points is printed."""
    from vae_grade import judge
    from vae_grade.assignments import load_assignments
    from vae_grade.records import Material
    from vae_grade.sandbox import LIMITS

    limits = replace(LIMITS, sandboxed=False, seconds=3000)
    for path in sorted(Path(folder).glob("*.ipynb")):
        record = judge.grade(Material(path.read_bytes()), judge.Setting(load_assignments()[path.stem], limits, 0))
        for name, exercise in record.exercises.items():
            if exercise.points < exercise.max_points and exercise.state != "not attempted":
                print(f"{path.stem}: {name} earns {exercise.points}: {exercise.text}")
    judge.close()


def model_answers():
    """The solutions of all assignments, as bytes."""
    from vae_grade.assignments import ROOT, load_assignments

    return {name: (ROOT / "solutions" / name / f"{name}.ipynb").read_bytes() for name in load_assignments()}


def ordinary():
    """A solution that runs the ordinary code in front of an answer."""
    name = "04_bce_vs_kld"
    notebook = json.loads(model_answers()[name])
    for cell in notebook["cells"]:
        if cell["id"] == "kld":
            cell["source"] = ORDINARY + "".join(cell["source"])
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ""
    return {name: json.dumps(notebook).encode()}


def main():
    """Measure, and print each call, how often it was made, and whether the filter lets it through."""
    if sys.argv[1:2] == ["--grade"]:
        return grade(sys.argv[2])
    from vae_grade.system_calls import ALLOWED, CONDITIONS

    calls = measure(ordinary())
    if "ordinary" not in sys.argv:
        calls += measure(model_answers())
    for name, count in calls.most_common():
        print(
            f"{count:8} {name:20}",
            "allowed" if name in ALLOWED else "on conditions" if name in CONDITIONS else "REFUSED",
        )
    print("allowed, and not seen:", *sorted({*ALLOWED, *CONDITIONS} - set(calls)))


if __name__ == "__main__":
    main()
