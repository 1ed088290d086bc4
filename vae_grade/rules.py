"""How a class is graded, kept in its folder: which hand-in counts, and the seeds of the checks' cases.

The seed of an assignment is drawn once: so equal answers earn equal points, and grading again changes none. It is the
teacher's alone; a sandbox does not show the teacher's folder.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from vae_grade.assignments import Refused
from vae_grade.folder import TeacherFolder
from vae_lib.files import write


class Counts(StrEnum):
    """Which of a student's hand-ins for one assignment counts."""

    LATEST = "latest"
    BEST = "best"


@dataclass
class Rules:
    """How a class is graded: which hand-in counts, and the seed of each assignment that was graded."""

    counts: Counts = Counts.LATEST
    seeds: dict[str, int] = field(default_factory=dict)


def read_rules(folder: TeacherFolder) -> Rules:
    """The rules of a class, the usual ones where none are kept.

    Raises:
        Refused: the file is damaged.
    """
    try:
        entries = json.loads(folder.rules.read_text(encoding="utf-8"))
        seeds = {str(name): int(seed) for name, seed in entries["seeds"].items()}
        return Rules(Counts(entries["counts"]), seeds)
    except FileNotFoundError:
        return Rules()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            f"{folder.rules} cannot be read ({error}): take it away to have new seeds drawn, then grade again."
        ) from None


def keep_rules(folder: TeacherFolder, assignments: Iterable[str], counts: str | None) -> Rules:
    """The rules for grading these assignments: a seed is drawn where there is none; None leaves what counts."""
    kept = read_rules(folder)
    drawn = {name: secrets.randbelow(2**31) for name in assignments}
    rules = Rules(Counts(counts) if counts else kept.counts, drawn | kept.seeds)
    if rules != kept:
        write(folder.rules, json.dumps(asdict(rules), indent=1) + "\n")
        folder.rules.chmod(0o600)
    return rules
