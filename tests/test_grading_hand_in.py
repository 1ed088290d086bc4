"""How the platform knows a hand-in: it comes back as it was written, and without PyTorch."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from vae_grade.hand_in import HandIn, hand_in_beside, read_hand_in, write_hand_in
from vae_lib.files import write

ADA = HandIn(
    platform="moodle",
    original="João da Silva_4711_assignsubmission_file",
    path="João da Silva_4711_assignsubmission_file/work (1).ipynb",
    name="João da Silva",
    number="4711",
)


@pytest.mark.parametrize("late", [None, False, True])
@pytest.mark.parametrize("time", [None, datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 12, tzinfo=UTC)])
def test_a_hand_in_comes_back_as_it_was_written(tmp_path, late, time):
    hand_in = HandIn("brightspace", "1-2 - Zoë - Mar 1, 2026", "x.ipynb", "Zoë", "1", late, time, 3)
    notebook = tmp_path / "zoe" / "04" / "04.ipynb"
    assert read_hand_in(notebook) is None
    write_hand_in(notebook, hand_in)
    assert read_hand_in(notebook) == hand_in
    assert json.loads(hand_in_beside(notebook).read_text())["original"] == hand_in.original


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps(json.loads(ADA.to_json()) | {"late": "yes"}), ADA.to_json()[:-9], "\ud800"]
)
def test_what_is_no_hand_in_is_read_as_none(tmp_path, text):
    assert HandIn.from_json(ADA.to_json()) == ADA
    write(hand_in_beside(tmp_path / "x.ipynb"), text.encode("utf-8", "surrogatepass"))
    assert read_hand_in(tmp_path / "x.ipynb") is None


def test_reading_it_needs_no_pytorch():
    code = "import sys, vae_grade.hand_in; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
