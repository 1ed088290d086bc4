"""Back into Moodle and Canvas: what their importers, retold from their sources, take from what is written."""

import csv
import io
import re
import zipfile
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from tests import handed_in
from vae_grade.assignments import Refused, load_assignments
from vae_grade.canvas import _find_column
from vae_grade.class_list import Member, keep_list
from vae_grade.cli import main
from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import HandIn
from vae_grade.records import State, find_submissions, write_record
from vae_grade.report import report

NAME = handed_in.NAME
FULL = sum(handed_in.ASSIGNMENT.points.values())


def of_moodle(name, number, **others):
    return HandIn("moodle", f"{name}_{number}_assignsubmission_file", f"x/{NAME}.ipynb", name, number, **others)


def of_canvas(short, user, attachment, late=False):
    original = f"{short}_{'LATE_' if late else ''}{user}_{attachment}_{NAME}.ipynb"
    return HandIn("canvas", original, original, short, user, late)


MOODLE = {
    "Ada_Lovelace": of_moodle("Ada Lovelace", "4711"),
    "Ada_Lovelace_4712": of_moodle("Ada Lovelace", "4712"),  # a namesake
    "João_da_Silva": of_moodle("João da Silva", "4713"),
    "Zoë_O_Brien-Müller": of_moodle("Zoë O Brien-Müller", "4714"),
}
CANVAS = {
    "lovelaceada_101": of_canvas("lovelaceada", "101", "9001"),
    "silvajoao_102": of_canvas("silvajoao", "102", "9002", late=True),
}


@pytest.fixture
def folder(tmp_path):
    return TeacherFolder(tmp_path / "class")


def mark_by_hand(folder, **points):
    with Gradebook(folder.gradebook_url) as gradebook:
        for student, mark in points.items():
            grade = gradebook.find_grade("why-the-blob", NAME, NAME, student)
            grade.manual_score, grade.needs_manual_grade = mark, False
        gradebook.db.commit()


def accepted_by_moodle(archive, participants):
    """What mod/assign/feedback/file/importziplib.php takes from a zip: {participant: names of files}."""
    taken = {}
    for name in zipfile.ZipFile(archive).namelist():
        parts = name.split("/")
        if parts[-1].startswith((".", "~")):
            continue
        while parts:
            info = parts.pop(0).split("_", 4)
            if len(info) < 4 or not info[1].isdecimal() or int(info[1]) not in participants:
                continue
            if info[2:4] == ["assignsubmission", "file"]:
                taken.setdefault(int(info[1]), []).append("/".join([*info[4:5], *parts]).lstrip("/"))
                break
    return taken


def grades_in_moodle(data, identifier, grade, hidden_user, separator=","):
    """What mod/assign/feedback/offline/importgradeslib.php reads: {number: grade}, by translated headings."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=separator)
    where = header.index(identifier), header.index(grade)
    return {row[where[0]][len(hidden_user) :]: row[where[1]] for row in rows if row}


def accepted_by_canvas(archive, submissions):
    """What app/models/assignment.rb takes from a zip: {user: attachment} of those that handed that attachment in."""
    taken = {}
    for name in zipfile.ZipFile(archive).namelist():
        parts = name.split("/")[-1].split("_")
        numbers = [part for part in parts if re.fullmatch(r"\d+", part)][:2]
        if len(numbers) == 2 and not parts[-1].startswith("link") and submissions.get(numbers[0]) == numbers[1]:
            taken[numbers[0]] = numbers[1]
    return taken


def read_canvas(data):
    """What lib/gradebook_importer.rb reads: ({title: points possible}, {id: {title: grade}}); commas become points."""
    lines = data.decode("utf-8-sig").splitlines()
    widths = {sign: {len(row) for row in csv.reader(lines[:3], delimiter=sign)} for sign in ";,"}
    sign = max(";,", key=lambda sign: max(widths[sign]) if len(widths[sign]) == 1 else 0)
    header, *rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=sign)
    assert "Student" in header[0]
    assert "ID" in header[1]
    columns = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        columns = 4
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        columns = 5
    assert "Section" in header[columns - 1]
    titles = {i: title for i, title in enumerate(header) if i >= columns and "Score" not in title}
    grades, possible = {}, {}
    for row in rows:
        cells = {title: row[i].replace(",", ".") if i < len(row) else "" for i, title in titles.items()}
        if "Points Possible" in row[0]:
            possible = cells
        elif any(cell.strip() and not re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row):
            grades[row[1]] = cells
    return possible, grades


def test_moodle_takes_each_page_of_feedback_for_whom_it_is(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    report(folder, moodle=[])
    archive = folder.moodle / f"{NAME}_feedback.zip"
    numbers = {4711, 4712, 4713, 4714}
    assert accepted_by_moodle(archive, numbers) == {number: [f"{NAME}.html"] for number in numbers}
    folders = {name.split("/")[0] for name in zipfile.ZipFile(archive).namelist()}
    assert folders == {hand_in.original for hand_in in MOODLE.values()}
    page = folder.feedback_page("Ada_Lovelace_4712", NAME).read_bytes()
    assert zipfile.ZipFile(archive).read(f"Ada Lovelace_4712_assignsubmission_file/{NAME}.html") == page


def test_a_folder_in_the_zip_is_called_as_every_moodle_takes_it(folder):
    """Before 4.1 it wanted a sign `_` after "file", and wrote it itself; since then it takes both."""
    older = HandIn("moodle", "Ada_4711_assignsubmission_file_", "x", "Ada", "4711")
    text = HandIn("moodle", "Bob_St_4712_assignsubmission_onlinetext_", "x", "Bob_St", "4712")
    handed_in.grade(folder, handed_in.make_record(), Ada=older, Bob=text)
    report(folder, moodle=[])
    names = zipfile.ZipFile(folder.moodle / f"{NAME}_feedback.zip").namelist()
    homes = ["Ada_4711_assignsubmission_file_", "Bob St_4712_assignsubmission_file_"]
    assert names == [f"{home}/{NAME}.html" for home in homes]


def test_the_zip_has_the_newest_page_alone(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    report(folder, moodle=[])
    mark_by_hand(folder, Ada_Lovelace=2)
    report(folder, moodle=[])
    assert len(list(folder.feedback_page("Ada_Lovelace", NAME).parent.glob("*.html"))) == 2
    names = zipfile.ZipFile(folder.moodle / f"{NAME}_feedback.zip").namelist()
    assert sum("_4711_" in name for name in names) == 1


ENGLISH = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 4711,"Ada Lovelace",a@x.org,"Submitted for grading - ",,100.00,Yes,"1 March 2026, 12:00 PM",-,\n'
    'Participant 4714,"Zoë O\'Brien-Müller",z@x.org,Submitted,50.00,100.00,Yes,"1 March 2026, 1:00 PM",-,"a ""b"""\n'
    "Participant 4799,Nobody Known,n@x.org,No submission,,100.00,Yes,-,-,\n"
    'Participant 4712,"Ada Lovelace",b@x.org,Submitted,,100.00,Yes,-,-,\n'
)
GERMAN = (
    "ID;Vollständiger Name;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;Zuletzt geändert (Bewertung)\r\n"
    "Teilnehmer/in4711;Ada Lovelace;Abgegeben;;100,00;Ja;-\r\n"
    "Teilnehmer/in4713;João da Silva;Abgegeben;;100,00;Ja;-\r\n"
)
JAPANESE = (
    "識別子,フルネーム,ステータス,評点,最大評点,最終更新日時\n"
    "参加者 4711,Ada,提出済み,,100.00,-\n"
    "参加者 4713,João,提出済み,,100.00,-\n"
)


def fill(folder, text, encoding="utf-8", name="Grades.csv"):
    worksheet = folder.root.parent / name
    worksheet.write_bytes(text.encode(encoding))
    return report(folder, moodle=[worksheet]), (folder.moodle / name).read_bytes()


def test_moodles_worksheet_comes_back_with_marks_and_nothing_else_changed(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    mark_by_hand(folder, Ada_Lovelace=2.5, Ada_Lovelace_4712=0, João_da_Silva=3)
    _, data = fill(folder, ENGLISH)
    grades = grades_in_moodle(data, "Identifier", "Grade", "Participant ")
    assert grades == {"4711": "11.5", "4712": "9", "4714": "9", "4799": ""}
    lines = ENGLISH.encode().splitlines(keepends=True)
    changed = [line for line in data.splitlines(keepends=True) if line not in lines]
    assert [line.replace(b",11.5,", b",,").replace(b",9,100", b",,100") for line in changed] == [
        lines[1],
        lines[2].replace(b",50.00,", b",,"),
        lines[4],
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "headings"),
    [
        (GERMAN, "utf-8-sig", ("ID", "Bewertung", "Teilnehmer/in", ";")),
        (JAPANESE, "utf-8", ("識別子", "評点", "参加者 ", ",")),
    ],
)
def test_a_worksheet_in_another_language_is_understood(folder, text, encoding, headings):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    mark_by_hand(folder, Ada_Lovelace=2.5, João_da_Silva=3)
    _, data = fill(folder, text, encoding)
    decimal = "11,5" if ";" in headings else "11.5"
    assert grades_in_moodle(data, *headings) == {"4711": decimal, "4713": "12"}
    assert data.replace(decimal.encode(), b"").replace(b"12", b"") == text.encode(encoding)


def test_a_file_that_excel_saved_in_windows_1252_stays_so(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    _, data = fill(folder, GERMAN, "cp1252")
    assert "João da Silva;Abgegeben;9;" in data.decode("cp1252")


def test_who_has_no_mark_gets_none_in_the_worksheet(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    [ada, *_] = find_submissions(folder)
    write_record(folder, ada, handed_in.make_record(State.UNREADABLE))
    _, data = fill(folder, ENGLISH)
    assert grades_in_moodle(data, "Identifier", "Grade", "Participant ")["4711"] == ""


def test_what_moodle_would_pass_over_is_said(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    result, _ = fill(folder, ENGLISH.replace("100.00", "10.00"))
    assert f"{NAME} has {FULL:g} points, and Moodle's maximum is 10.00" in " ".join(result.notes)
    assert "no row for João_da_Silva" in " ".join(result.notes)


def test_a_worksheet_of_another_class_is_refused(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    for text in (ENGLISH.replace("Participant 47", "Participant 58"), "no table", ""):
        with pytest.raises(Refused, match=r"Grades\.csv"):
            fill(folder, text)


def test_each_member_of_a_group_gets_mark_and_feedback(folder):
    team = of_moodle("Ada Lovelace", "4711")
    handed_in.grade(folder, handed_in.make_record(), Ada_Lovelace=team)
    groups, worksheet = folder.root.parent / "groups.csv", folder.root.parent / "Grades.csv"
    groups.write_text("Group,Member\nAda Lovelace,Ada Lovelace\nAda Lovelace,João da Silva\n")
    worksheet.write_text(GERMAN)
    report(folder, groups=groups, moodle=[worksheet])
    assert accepted_by_moodle(folder.moodle / f"{NAME}_feedback.zip", {4711, 4713}).keys() == {4711, 4713}
    sheet = (folder.moodle / "Grades.csv").read_bytes()
    assert grades_in_moodle(sheet, "ID", "Bewertung", "Teilnehmer/in", ";") == {"4711": "9", "4713": "9"}
    rows = list(csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig"))))
    assert [(row["name"], row["student"], row["total"]) for row in rows] == [
        ("Ada Lovelace", "Ada_Lovelace", "9"),
        ("João da Silva", "João_da_Silva", "9"),
    ]
    pages = [folder.feedback_page(student, NAME).read_bytes() for student in ("Ada_Lovelace", "João_da_Silva")]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("ada", ["Ada Lovelace", "A. Lovelace"])
def test_in_canvas_each_member_of_a_group_gets_its_mark_and_the_number_is_a_member(folder, ada):
    handed_in.grade(folder, handed_in.make_record(), teamred_101=of_canvas("teamred", "101", "9001"))
    groups, export = folder.root.parent / "groups.csv", folder.root.parent / "Canvas.csv"
    groups.write_text(f'group,member\nteamred,{ada}\nteamred,"Silva, João"\nteamred,Bob Lee\n')
    export.write_text(EXPORT + '"Lee, Bob",103,,b,A,,,\n"Lee, Bob",104,,c,A,,,\n')
    notes = report(folder, groups=groups, canvas=[export]).notes
    grades = read_canvas((folder.canvas / "Canvas.csv").read_bytes())[1]
    marks = {number: cells["Homework: BCE vs. KLD (77)"] for number, cells in grades.items()}
    assert marks == {"101": "9", "102": "9", "999": "", "103": "", "104": ""}
    assert any(note.endswith(f"Bob Lee, {NAME}.") for note in notes)
    report(folder, canvas=[])
    assert read_canvas((folder.canvas / "gradebook.csv").read_bytes())[1] == {"101": {NAME: "9"}}


def test_groups_are_kept_for_the_next_report_and_who_is_unknown_is_named(folder):
    handed_in.grade(folder, handed_in.make_record(), Ada_Lovelace=of_moodle("Ada Lovelace", "4711"))
    groups = folder.root.parent / "groups.csv"
    groups.write_text("Ada Lovelace;Ada Lovelace\nAda Lovelace;Gerd Grupp\n")
    notes = report(folder, groups=groups).notes
    assert notes == ["Of the groups' members, these handed in nothing themselves; look at the spelling: Gerd Grupp."]
    keep_list(folder, [Member("Ada Lovelace"), Member("Grupp, Gerd", "7")])
    assert report(folder, groups=groups).notes == []
    with groups.open("a") as file:
        file.write("Adda Lovelace;Gerd Grupp\n")
    lost = "Nothing of these groups was graded, so their members get nothing: Adda Lovelace."
    assert report(folder, groups=groups).notes == [lost]
    groups.unlink()
    assert report(folder).notes == []
    rows = csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))
    assert [(row["name"], row["total"]) for row in rows] == [("Ada Lovelace", "9"), ("Grupp, Gerd", "9")]


def test_a_table_that_is_none_of_groups_is_refused_and_not_kept(folder):
    handed_in.grade(folder, handed_in.make_record(), Ada_Lovelace=of_moodle("Ada Lovelace", "4711"))
    report(folder)
    for table in (folder.marks_table, folder.report_table):
        with pytest.raises(Refused, match=rf"{table.name} is no table of these groups: .* Write lines GROUP,MEMBER"):
            report(folder, groups=table)
    assert not folder.groups.exists()


@pytest.mark.parametrize(
    "state", ["Zur Bewertung abgegeben - Verspätet: 1 Tag 3 Stunden", "Submitted for grading - 2 hours 5 mins late"]
)
def test_late_of_moodles_worksheet_is_kept(folder, state):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    fill(folder, GERMAN.replace("João da Silva;Abgegeben", f"João da Silva;{state}"))
    for _ in range(2):
        rows = csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))
        assert {row["student"] for row in rows if row[f"{NAME}: late"] == "late"} == {"João_da_Silva"}
        report(folder)


def test_canvas_reads_the_gradebook_that_is_made_without_an_export(folder):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    report(folder, canvas=[])
    possible, grades = read_canvas((folder.canvas / "gradebook.csv").read_bytes())
    assert possible == {NAME: f"{FULL:g}"}
    assert grades == {"101": {NAME: "9"}, "102": {NAME: "9"}}


def test_canvas_takes_each_file_of_feedback(folder):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    report(folder, canvas=[])
    archive = folder.canvas / f"{NAME}_feedback.zip"
    assert accepted_by_canvas(archive, {"101": "9001", "102": "9002"}) == {"101": "9001", "102": "9002"}
    assert f"silvajoao_LATE_102_9002_{NAME}.html" in zipfile.ZipFile(archive).namelist()


EXPORT = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework: BCE vs. KLD (77),Essay (78),Current Score\n"
    ",,,,,Manual Posting,,\n"
    "    Points Possible,,,,,40.00,5.00,(read only)\n"
    '"Lovelace, Ada",101,S1,ada,"A, B",,4.00,80.00\n'
    '"Silva, João",102,S2,joao,A,3.00,,70.00\n'
    '"Student, Test",999,,t,A,,,\n'
)


@pytest.mark.parametrize("sign", [",", ";"])
def test_canvas_own_export_comes_back_with_marks_in_the_column_of_the_assignment(folder, sign):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    mark_by_hand(folder, lovelaceada_101=1.5)
    text = EXPORT
    if sign == ";":
        text = re.sub(r'"[^"]*"|,', lambda match: ";" if match[0] == "," else match[0], EXPORT)
    export = folder.root.parent / "Grades.csv"
    export.write_bytes(text.encode())
    report(folder, canvas=[export])
    data = (folder.canvas / "Grades.csv").read_bytes()
    possible, grades = read_canvas(data)
    assert possible["Homework: BCE vs. KLD (77)"] == "40.00"
    assert {one: cells["Homework: BCE vs. KLD (77)"] for one, cells in grades.items()} == {
        "101": "10.5",
        "102": "9",
        "999": "",
    }
    assert {one: cells["Essay (78)"] for one, cells in grades.items()} == {"101": "4.00", "102": "", "999": ""}
    kept = [line for line in data.decode().splitlines() if line in text.splitlines()]
    assert len(kept) == 4


@pytest.mark.parametrize(
    "title", [handed_in.ASSIGNMENT.title, "Assignment 04: BCE against KLD", "Week 5: BCE against KLD", "04_bce_vs_kld"]
)
def test_canvas_column_has_the_title_of_the_notebook_or_its_name(folder, title):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    export = folder.root.parent / "Grades.csv"
    export.write_text(EXPORT.replace("Homework: BCE vs. KLD (77)", f"{title} (77)"))
    report(folder, canvas=[export])
    _, grades = read_canvas((folder.canvas / "Grades.csv").read_bytes())
    assert grades["101"][f"{title} (77)"] == "9"


@pytest.mark.parametrize("called", [lambda name: name, lambda name: load_assignments()[name].title])
def test_each_assignment_has_its_own_column_among_those_of_all(called):
    headings = ["Student", "ID", *(f"{called(name)} ({number})" for number, name in enumerate(load_assignments(), 70))]
    found = [headings[_find_column(headings, name)] for name in load_assignments()]
    assert found == headings[2:]


def test_what_could_not_run_here_and_was_marked_by_hand_has_a_mark(folder):
    record = handed_in.make_record(State.COULD_NOT_RUN)
    record.exercises = record.exercises | {"kld": replace(record.exercises["kld"], points=0.0, lacks="einops")}
    handed_in.grade(folder, record, **MOODLE)
    with Gradebook(folder.gradebook_url) as gradebook:
        grade = gradebook.find_grade("test-kld", NAME, NAME, "João_da_Silva")
        grade.manual_score, grade.needs_manual_grade = 8.0, False
        gradebook.db.commit()
    result, data = fill(folder, GERMAN)
    assert grades_in_moodle(data, "ID", "Bewertung", "Teilnehmer/in", ";") == {"4711": "", "4713": "14"}
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))}
    assert [rows["João_da_Silva"][f"{NAME}: {word}"] for word in ("kld", "total", "to mark")] == ["8", "14", "4"]
    assert [rows["Ada_Lovelace"][f"{NAME}: {word}"] for word in ("kld", "total", "to mark")] == ["", "", "14"]
    table = csv.DictReader(io.StringIO(folder.report_table.read_text("utf-8-sig")))
    waiting = {row["student"]: row["to mark"] for row in table}
    assert (waiting["João_da_Silva"], waiting["Ada_Lovelace"]) == ("why-the-blob", "why-the-blob, kld")
    assert len(result.failures) == 3
    assert "João" not in "".join(result.failures)


@pytest.mark.parametrize("title", ["Assignment 04: Loss (9)", "Homework 4 (123)", "HW04 - two losses (7)"])
def test_canvas_column_is_found_by_its_number_which_is_said(folder, title):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    export = folder.root.parent / "Grades.csv"
    export.write_text(EXPORT.replace("Homework: BCE vs. KLD (77)", title).replace("Essay", "Quiz 4"))
    assert f"{NAME} went by its number into {title!r}: is that right?" in report(folder, canvas=[export]).notes[0]
    _, grades = read_canvas((folder.canvas / "Grades.csv").read_bytes())
    assert {one: cells[title] for one, cells in grades.items()} == {"101": "9", "102": "9", "999": ""}


@pytest.mark.parametrize("title", ["Other", "Quiz 4", "Assignment 14", "Assignment 5", "Week 04"])
def test_an_assignment_that_canvas_does_not_know_is_said_and_no_second_one_is_made(folder, title):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    export = folder.root.parent / "Grades.csv"
    export.write_text(EXPORT.replace("Homework: BCE vs. KLD", title))
    [note] = report(folder, canvas=[export]).notes
    assert (folder.canvas / "Grades.csv").read_bytes() == export.read_bytes()
    assert f"has no column for {NAME}, so its marks are not in it" in note
    assert f"are: {title} (77), Essay (78). Call the assignment {NAME} in Canvas" in note


def test_what_is_no_gradebook_of_canvas_is_refused(folder):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    export = folder.root.parent / "Grades.csv"
    export.write_text("a,b\n1,2\n")
    with pytest.raises(Refused, match="no gradebook of Canvas's"):
        report(folder, canvas=[export])


def test_the_wide_table_has_a_row_for_each_student_and_every_mark(folder):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE)
    mark_by_hand(folder, Ada_Lovelace=2.5)
    report(folder)
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))}
    assert {student: row["name"] for student, row in rows.items()} == {
        student: hand_in.name for student, hand_in in MOODLE.items()
    }
    ada, other = rows["Ada_Lovelace"], rows["Ada_Lovelace_4712"]
    assert [ada[f"{NAME}: {cell}"] for cell in ("kld", "why-the-blob", "total", "of")] == [
        "3",
        "2.5",
        "11.5",
        f"{FULL:g}",
    ]
    assert [other[f"{NAME}: {cell}"] for cell in ("kld", "why-the-blob", "total", "state")] == ["3", "", "9", "graded"]


def test_with_a_class_list_the_wide_table_has_its_names_and_a_row_for_who_handed_in_nothing(folder):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    members = [Member("Silva, João", "102"), Member("Lovelace, Ada", "101"), Member("Stone, Bob"), Member("Zoë")]
    keep_list(folder, members)
    groups = folder.root.parent / "groups.csv"
    groups.write_text("lovelaceada,lovelaceada\nlovelaceada,Zoë\n")
    report(folder, groups=groups)
    rows = list(csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig"))))
    assert [(row["name"], row["student"], row["total"], row[f"{NAME}: state"]) for row in rows] == [
        ("Lovelace, Ada", "lovelaceada_101", "9", "graded"),
        ("Silva, João", "silvajoao_102", "9", "graded"),
        ("Stone, Bob", "", "", "not handed in"),
        ("Zoë", "Zoë", "9", "graded"),
    ]
    page = folder.report_page.read_text()
    assert "1 of 4 on the class list have not handed in: Stone, Bob." in page
    assert "<td>Silva, João</td><td>04_bce_vs_kld</td><td>late</td>" in page


def test_a_mark_by_hand_waits_again_only_where_the_answer_is_another_one(folder):
    record = handed_in.make_record(written="A knows nothing.")
    handed_in.grade(folder, record, **CANVAS)
    waiting = (NAME, "why-the-blob")

    def enter(record):
        handed_in.enter(folder, record)
        for submission in find_submissions(folder):
            write_record(folder, submission, record)
        return report(folder).waiting

    mark_by_hand(folder, lovelaceada_101=2)
    assert enter(record) == {waiting: ["silvajoao_102"]}
    with Gradebook(folder.gradebook_url) as gradebook:
        gradebook.find_grade("test-kld", NAME, NAME, "silvajoao_102").manual_score = 8.0
        gradebook.db.commit()
    assert enter(record) == {waiting: ["silvajoao_102"]}
    record = replace(record, exercises=record.exercises | {"kld": replace(record.exercises["kld"], points=7.0)})
    assert enter(record) == {waiting: ["silvajoao_102"], (NAME, "test-kld"): ["silvajoao_102"]}
    changed = enter(handed_in.make_record(written="B knows nothing."))
    assert changed[waiting] == ["lovelaceada_101", "silvajoao_102"]


def test_late_is_shown_as_the_platform_says_it(folder):
    handed_in.grade(folder, handed_in.make_record(), **CANVAS)
    report(folder)
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))}
    assert {student: row[f"{NAME}: late"] for student, row in rows.items()} == {
        "lovelaceada_101": "",
        "silvajoao_102": "late",
    }
    assert "<td>silvajoao</td><td>04_bce_vs_kld</td><td>late</td>" in folder.report_page.read_text()


def test_words_that_nobody_has_read_are_said_beside_every_mark_to_upload(folder, capsys):
    handed_in.grade(folder, handed_in.make_record(), **MOODLE, **CANVAS)
    export = folder.root.parent / "Canvas.csv"
    export.write_text(EXPORT)
    worksheet = folder.root.parent / "Moodle.csv"
    worksheet.write_text(ENGLISH)
    mark_by_hand(folder, Ada_Lovelace_4712=1, lovelaceada_101=2)
    notes = "\n".join(report(folder, moodle=[worksheet], canvas=[export]).notes)
    assert re.search(r"Moodle\.csv: not yet whole are the marks of Ada_Lovelace, Zoë_O_Brien-Müller, for you", notes)
    assert re.search(r"Canvas\.csv: not yet whole are the marks of silvajoao_102, for you", notes)
    notes = "\n".join(report(folder, canvas=[]).notes)
    assert "gradebook.csv: not yet whole are the marks of silvajoao_102, for" in notes
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(folder.marks_table.read_text("utf-8-sig")))}
    to_mark = {student: (row[f"{NAME}: total"], row[f"{NAME}: to mark"]) for student, row in rows.items()}
    assert to_mark["Ada_Lovelace"] == ("9", "4")
    assert to_mark["Ada_Lovelace_4712"] == ("10", "")
    assert main(["--folder", str(folder.root), "report"]) is None
    said = capsys.readouterr().out
    assert "Answers in words that wait for your marks: 4." in said
    assert f"  {NAME}, why-the-blob: Ada_Lovelace, João_da_Silva, Zoë_O_Brien-Müller, silvajoao_102\n" in said
    mark_by_hand(folder, **dict.fromkeys([*MOODLE, *CANVAS], 1))
    assert "not yet whole" not in "\n".join(report(folder, moodle=[worksheet], canvas=[export]).notes)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "＝1"])
def test_no_name_is_a_formula_in_any_table(folder, name):
    hostile = HandIn("canvas", "x_101_9001_a.ipynb", "a", name, "101")
    handed_in.grade(folder, handed_in.make_record(mistake=name), eve=hostile)
    report(folder, canvas=[])
    for path in (folder.marks_table, folder.report_table, folder.canvas / "gradebook.csv"):
        for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "＝"))]
