"""A class list, as platforms export it: who has not handed in, and who is not on it."""

import sqlite3

import pytest

from tests.handed_in import NAME, as_bytes, filled, make_inbox
from vae_grade.assignments import Refused
from vae_grade.class_list import Member, keep_list, match_members, read_attendance, read_kept_list, read_list
from vae_grade.cli import main
from vae_grade.collect import collect
from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import HandIn

LISTS = {
    "moodle, participants": (
        "\ufeffFirst name,Last name,ID number,Email address\nAda,Lovelace,s1,ada@example.org\n"
        "Zoë,O'Brien,,zoe@example.org\n",
        [Member("Ada Lovelace", "s1", "", "ada@example.org"), Member("Zoë O'Brien", "", "", "zoe@example.org")],
    ),
    "moodle, worksheet": (
        "Identifier,Full name,Email address,Status,Grade\nParticipant 4711,Ada Lovelace,ada@example.org,,\n",
        [Member("Ada Lovelace", "4711", "", "ada@example.org")],
    ),
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        '"Lovelace, Ada",123,s1,ada@example.org,A\n"Student, Test",9,,,A\n',
        [Member("Lovelace, Ada", "123", "ada@example.org", "")],
    ),
    "a spreadsheet in German": (
        "Vorname;Nachname;E-Mail-Adresse\nAda;Lovelace;ada@example.org\n\n",
        [Member("Ada Lovelace", "", "", "ada@example.org")],
    ),
    "nbgrader": (
        "id,first_name,last_name,email\nada,Ada,Lovelace,\n",
        [Member("Ada Lovelace", "ada", "", "")],
    ),
    "names alone": ("Name\nAda Lovelace\n", [Member("Ada Lovelace")]),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_the_usual_lists_are_read_and_kept(tmp_path, kind, encoding):
    text, members = LISTS[kind]
    text = text if encoding == "utf-8" else text.removeprefix("\ufeff")
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    assert read_list(path) == members
    folder = TeacherFolder(tmp_path / "class")
    assert read_kept_list(folder) == []
    keep_list(folder, members)
    assert read_kept_list(folder) == members


def test_nbgraders_own_students_are_a_list(tmp_path):
    path = tmp_path / "gradebook.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE student (id, first_name, last_name, email, lms_user_id)")
        database.execute(
            "INSERT INTO student VALUES ('ada', 'Ada', 'Lovelace', NULL, NULL), ('bob', NULL, NULL, 'b@x', NULL)"
        )
    database.close()
    assert read_list(path) == [Member("Ada Lovelace", "ada", "", ""), Member("bob", "bob", "", "b@x")]


@pytest.mark.parametrize("content", [None, b"", b"Colour\nred\n", b"Name\n"])
@pytest.mark.parametrize("name", ["class.csv", "gradebook.db"])
def test_a_list_that_names_nobody_is_refused(tmp_path, content, name):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused):
        read_list(tmp_path / name)


HAND_INS = {
    "moodle": (HandIn("moodle", "", "", "Ada Lovelace", "4711"), Member("Ada Lovelace", "s1", "", "ada@x")),
    "moodle, by its worksheet": (HandIn("moodle", "", "", "A. L.", "4711"), Member("Ada Lovelace", "4711")),
    "canvas, by number": (HandIn("canvas", "", "", "countessada", "123"), Member("Lovelace, Ada", "123")),
    "canvas, by name": (HandIn("canvas", "", "", "lovelaceada", "123"), Member("Lovelace, Ada", "s1")),
    "sakai": (HandIn("sakai", "", "", "Lovelace, Ada", "ada1"), Member("Ada Lovelace")),
    "by login": (HandIn("blackboard", "", "", "ada"), Member("Ada Lovelace", "s1", "ada")),
    "by e-mail": (HandIn("folder", "", "", "ada"), Member("Ada Lovelace", "", "", "ada@example.org")),
    "accents": (HandIn("folder", "", "", "zoe_obrien"), Member("Zoë O'Brien")),
    "ilias": (HandIn("ilias", "", "", "Lovelace_Ada", "ada1_77"), Member("Lovelace, Ada")),
}


@pytest.mark.parametrize("kind", HAND_INS)
def test_who_is_who(kind):
    hand_in, member = HAND_INS[kind]
    assert match_members([Member("Bob Stone", "9", "bob", "bob@x"), member], {"folder": hand_in}) == {1: "folder"}


def test_a_number_of_moodle_is_not_taken_for_a_students():
    hand_ins = {"Bob": HandIn("moodle", "", "", "Bob", "7"), "Ada": HandIn("moodle", "", "", "Ada", "8")}
    assert match_members([Member("Ada", "7"), Member("Bob", "8")], hand_ins) == {0: "Ada", 1: "Bob"}


def test_two_of_one_name_are_two():
    hand_ins = {"Ada": HandIn("moodle", "", "", "Ada", "1"), "Ada_2": HandIn("moodle", "", "", "Ada", "2")}
    members = [Member("Ada", "s1"), Member("Ada", "s2"), Member("Ada", "s3")]
    assert match_members(members, hand_ins) == {0: "Ada", 1: "Ada_2"}


def test_collect_says_who_is_missing_and_who_is_not_on_the_list(tmp_path, capsys):
    works = {f"{name}/x.ipynb": as_bytes(filled(written=name)) for name in ("Ada Lovelace", "mallory")}
    inbox, folder = make_inbox(tmp_path / "inbox", works), TeacherFolder(tmp_path / "class")
    (tmp_path / "list.csv").write_text("Name\nAda Lovelace\nBob Stone\n")
    command = ["--folder", str(folder.root), "collect", str(inbox)]
    assert not main([*command, "--class", str(tmp_path / "list.csv")])
    for again in (False, True):
        assert not again or not main(command)  # the list was kept
        printed = capsys.readouterr().out
        assert f"{NAME}: 1 of 2 on the class list have not handed in:\n  Bob Stone\n" in printed
        assert "Not on the class list:\n  mallory\n" in printed
    assert main([*command, "--class", str(tmp_path / "none.csv")]) == 2
    assert "There is no class list" in capsys.readouterr().err


def test_where_hardly_anybody_has_handed_in_those_who_have_are_named(tmp_path):
    folder = TeacherFolder(tmp_path / "class")
    collect(make_inbox(tmp_path / "inbox", {"Ada/x.ipynb": as_bytes(filled())}), folder)
    others = [Member(f"Student No {number}") for number in range(11)]
    attendance = read_attendance(folder, [Member("Ada"), *others])
    assert attendance.name_fewer(NAME) == ("1 of 12 on the class list have handed in", ["Ada"])
    attendance = read_attendance(folder, [Member("Ada"), *others[:10]])
    assert attendance.name_fewer(NAME) == (
        "10 of 11 on the class list have not handed in",
        [one.name for one in others[:10]],
    )
    assert attendance.absent == [one.name for one in others[:10]]


def test_hand_ins_without_names_are_no_strangers(tmp_path):
    folder = TeacherFolder(tmp_path / "class")
    collect(make_inbox(tmp_path / "inbox", {"Participant_1_assignsubmission_file/x.ipynb": as_bytes(filled())}), folder)
    attendance = read_attendance(folder, [Member("Ada")])
    assert (attendance.missing, attendance.strangers) == ({}, [])
