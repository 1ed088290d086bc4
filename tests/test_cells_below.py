"""An answer that a check calls right must not stop the cells below it."""

from types import SimpleNamespace

import jupytext
import matplotlib.pyplot as plt
import pytest

from tools import mutate_checks

ASSIGNMENTS = sorted((mutate_checks.ROOT / "sources/assignments").glob("0[1-7]_*.py"))
# A loop over single draws, images or trainings takes minutes there.
SLOW_ANSWERS = ("_loop", "_image_by_image")
TRAININGS = ("fit",)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # in a notebook it stops nothing
@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_the_cells_below_run_with_each_right_answer(path):
    exercises, names = mutate_checks.exercises(), {"display": lambda shown: None}
    answers, below = None, []
    for cell in [*jupytext.read(path).cells, SimpleNamespace(cell_type="code", metadata={"answer": ""}, source="")]:
        if cell.cell_type != "code":
            continue
        if "answer" in cell.metadata:
            for answer in answers or []:
                # What a result gives to the cells, without the check, which other tests call.
                names["result"] = SimpleNamespace(or_library=lambda answer=answer: (answer, "yours"))
                for source in below:
                    exec(source, names)
                plt.close("all")
            answers, below = None, []
        if name := cell.metadata.get("tests"):
            right = [answer for answer in exercises[name].right if not answer.__name__.endswith(SLOW_ANSWERS)]
            answers = [] if name in TRAININGS else [*right, exercises[name].model()]
        elif answers is not None:
            below.append(cell.source)
        else:
            exec(cell.source, names)
