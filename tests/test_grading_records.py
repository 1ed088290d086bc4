"""Records of grading: they come back as they were written, and what cannot be read is graded again."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests import handed_in
from vae_grade import records, run, sandbox
from vae_grade.assignments import Refused
from vae_grade.class_list import Member, keep_list, read_kept_list
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder
from vae_grade.forget import forget
from vae_grade.gradebook import open_gradebook
from vae_grade.records import (
    Material,
    Record,
    State,
    compute_fingerprint,
    find_submissions,
    read_materials,
    write_record,
)
from vae_grade.results import read_groups
from vae_grade.rules import keep_rules
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

    def grade_all(todo, settings, *_):
        for submission in todo:
            again.append(submission.student)
            record = handed_in.make_record()
            record.fingerprint = compute_fingerprint(read_materials(submission), settings[NAME].assignment)
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


def test_a_seed_is_drawn_once_for_a_class_and_an_assignment_and_kept_from_others(tmp_path):
    folder = TeacherFolder(tmp_path)
    first = keep_rules(folder, ["a", "b"], None)
    assert first.seeds.keys() == {"a", "b"}
    again = keep_rules(folder, ["b", "c"], "best")
    assert again.counts == "best"
    assert {name: again.seeds[name] for name in "ab"} == first.seeds
    assert keep_rules(folder, [], None) == again
    assert folder.rules.stat().st_mode & 0o077 == 0


def test_rules_that_cannot_be_read_are_a_sentence(tmp_path):
    folder = TeacherFolder(tmp_path)
    write(folder.rules, "{")
    with pytest.raises(Refused, match=r"rules.json cannot be read .*take it away"):
        keep_rules(folder, ["a"], None)


def test_who_is_forgotten_is_nowhere_and_stays_out(tmp_path):
    folder = TeacherFolder(tmp_path / "class")
    handed_in.hand_in(folder.root, ann=handed_in.perfect(), zuleika=handed_in.perfect())
    handed_in.enter(folder, handed_in.make_record())
    for submission in find_submissions(folder):
        write_record(folder, submission, handed_in.make_record())
    write(folder.earlier_notebook("zuleika", NAME, "0"), b"{}")
    keep_list(folder, [Member("Ann"), Member("zuleika")])
    write(folder.groups, "ann,bob\nann,zuleika\nzuleika,bob\n")
    for path in (folder.feedback_page("zuleika", NAME), folder.report_page, folder.moodle / "worksheet.csv"):
        write(path, "zuleika")
    forget(folder, "zuleika")
    assert handed_in.read_marks(folder.gradebook_url).keys() == {"ann"}
    assert read_kept_list(folder) == [Member("Ann")]
    assert read_groups(folder.groups) == {"ann": ["bob"]}
    assert not [path for path in folder.root.rglob("*") if "zuleika" in path.name]
    texts = [path.read_bytes() for path in folder.root.rglob("*") if path.is_file() and path.suffix != ".db"]
    assert not [text for text in texts if b"zuleika" in text]
    inbox = tmp_path / "inbox" / "zuleika"
    write(inbox / f"{NAME}.ipynb", handed_in.as_bytes(handed_in.perfect()))
    write(inbox / "tools.py", "x = 1")
    result = collect(inbox.parent, folder)
    assert result.notes == [f"zuleika, {NAME}: was taken out of the class, and is left out"]
    assert (result.placed, result.unplaced) == (0, [])
    assert not [path for path in folder.root.rglob("*") if "zuleika" in path.name]
    with pytest.raises(Refused, match="'zuleika'; there is ann"):
        forget(folder, "zuleika")


def test_files_beside_the_notebook_and_the_checks_belong_to_the_fingerprint(monkeypatch):
    bare, more = Material(b"{}"), Material(b"{}", {"tools.py": b""})
    marks = {compute_fingerprint(one, handed_in.ASSIGNMENT) for one in ([bare], [more], [bare, bare])}
    assert len(marks) == 3
    before = compute_fingerprint([bare], handed_in.ASSIGNMENT)
    monkeypatch.setattr(records, "_hash_checks", lambda: "another tolerance")
    assert compute_fingerprint([bare], handed_in.ASSIGNMENT) != before
