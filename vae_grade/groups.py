"""Who is in which group: looked at when the teacher says so, and kept in the folder for each later report."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from vae_grade.assignments import Refused
from vae_grade.class_list import match_members, read_kept_list
from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import HandIn
from vae_grade.results import Result, read_groups
from vae_grade.students import make_safe
from vae_lib.files import write


def take_groups(
    folder: TeacherFolder, path: Path | None, results: Iterable[Result]
) -> tuple[dict[str, list[str]], list[str]]:
    """The members of each group, from the file given or else the one kept, and sentences on whom nothing is known of.

    Raises:
        Refused: the file is none of groups.
    """
    source = path or folder.groups
    groups = read_groups(source) if path or source.exists() else {}
    if not path:
        return groups, []
    handed_in = {name for one in results for name in (one.name, one.student)}
    listed = read_kept_list(folder)
    names = dict.fromkeys(member for members in groups.values() for member in members)
    on_list = set(match_members(listed, {name: HandIn("group", name, "", name) for name in names}).values())
    odd = next((name for name in names if name not in on_list and not any(map(str.isalpha, name))), "")
    if odd or not handed_in & groups.keys():
        why = f"{odd!r} is nobody's name" if odd else "nothing of any group in it was graded"
        raise Refused(
            f"{path} is no table of these groups: {why}. Write lines GROUP,MEMBER, with the group's name as the "
            f"platform has it, or the name of whoever handed in for it. Its first line is now: {_first_line(path)}"
        )
    write(folder.groups, _format(groups))
    unknown = [name for name in names if name not in on_list | handed_in]
    where = "are not on the class list" if listed else "handed in nothing themselves"
    notes = [f"Of the groups' members, these {where}; look at the spelling: {', '.join(unknown)}."] if unknown else []
    lost = [name for name in groups if name not in handed_in]
    notes += [f"Nothing of these groups was graded, so their members get nothing: {', '.join(lost)}."] if lost else []
    return groups, notes


def take_out_of_groups(folder: TeacherFolder, student: str) -> None:
    """Take a student, by the name of the folder, out of the groups that are kept."""
    if folder.groups.exists():
        groups = {name: members for name, members in read_groups(folder.groups).items() if make_safe(name) != student}
        rest = {name: [one for one in members if make_safe(one) != student] for name, members in groups.items()}
        write(folder.groups, _format({name: members for name, members in rest.items() if members}))


def _format(groups: dict[str, list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([["group", "member"], *([name, one] for name, each in groups.items() for one in each)])
    return out.getvalue()


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig").partition("\n")[0].strip()[:80]
