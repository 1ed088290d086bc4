"""Records of grading: they come back as they were written, and what cannot be read is graded again."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests import handed_in
from vae_grade import run, sandbox
from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_grade.gradebook import open_gradebook
from vae_grade.records import Record, State, compute_fingerprint, read_material
from vae_lib.files import write

NAME = handed_in.NAME


def test_a_record_comes_back_from_json_as_it_was():
    for state in State:
        record = handed_in.make_record(state, "σ", mistake="½")
        assert Record.from_json(record.to_json()) == record


def test_states_are_in_order_from_the_worst():
    words = [state.value for state in sorted(State)]
    assert words == ["unreadable", "could not run here", "killed", "timed out", "flagged", "graded"]


OLD = {"hash": "0", "flags": [], "exercises": {}, "answers": {}, "written": {}, "state": "graded", "sentence": "graded"}


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps(OLD | {"seconds": 1.0}), handed_in.make_record().to_json()])
def test_a_record_of_another_version_or_of_other_bytes_is_graded_again(tmp_path, monkeypatch, text):
    folder, again = TeacherFolder(tmp_path), []
    handed_in.hand_in(tmp_path, eve=handed_in.perfect())
    write(folder.record("eve", NAME), text)

    def grade_all(todo, known, *_):
        for submission in todo:
            again.append(submission.student)
            record = handed_in.make_record()
            record.fingerprint = compute_fingerprint(read_material(submission.path), known[NAME])
            yield submission, record

    monkeypatch.setattr(run, "grade_all", grade_all)
    limits = replace(sandbox.LIMITS, sandboxed=False)
    assert run.run(folder, limits=limits) == {State.GRADED: 1}
    assert run.run(folder, limits=limits) == {}
    assert again == ["eve"]


def enter_while_locked(folder):
    """Enter a student into the gradebook while another program holds it."""
    with (
        open_gradebook(folder.gradebook_url) as gradebook,
        closing(sqlite3.connect(folder.root / "gradebook.db")) as other,
    ):
        gradebook.db.execute(text("PRAGMA busy_timeout = 0"))
        other.execute("BEGIN EXCLUSIVE")
        gradebook.update_or_create_student("ada")


def test_a_gradebook_that_is_locked_in_the_middle_is_a_sentence(tmp_path):
    with pytest.raises(Refused, match=r"cannot be read or written now \(database is locked\).*again"):
        enter_while_locked(TeacherFolder(tmp_path))
