"""One folder of `collected/` for one student, and never one for two: who is who is what the platform's names say."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace

from vae_grade.folder import TeacherFolder
from vae_grade.hand_in import HandIn, read_hand_in
from vae_grade.platforms import LASTING, NAMELESS

LONGEST_NAME = 50  # letters; of any script that is 200 bytes, and 255 are the most of a file's name
MANY = 3  # Moodle numbers of one name in one download: then the name is a word for "participant"


def make_safe(name: str) -> str:
    """A name that is one folder on every system; two long ones, or two of signs alone, stay two."""
    name = unicodedata.normalize("NFC", name)
    signs = (sign if sign in "_.@-" or unicodedata.category(sign)[0] in "LMN" else " " for sign in name)
    safe = re.sub(" +", "_", "".join(signs)).strip("._")
    if not safe:
        return f"unnamed-{_digest(name)}"
    return safe if len(safe) <= LONGEST_NAME else f"{safe[: LONGEST_NAME - 9]}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


class Students:
    """Whose each folder of `collected/` is, as far as the hand-ins in it say."""

    def __init__(self, folder: TeacherFolder) -> None:
        """Read what was collected before."""
        self.known: dict[str, dict[str, HandIn]] = defaultdict(dict)
        for path in sorted(folder.collected.glob("*/*/hand_in.json")):
            if hand_in := read_hand_in(path):
                self.known[path.parts[-3]][path.parts[-2]] = hand_in
        everyone = [one for hand_ins in self.known.values() for one in hand_ins.values()]
        self.blind = {one.name for one in everyone if one.platform == "moodle blind"}

    def find_folder(self, hand_in: HandIn, assignment: str) -> tuple[str, str]:
        """The folder that a name gives, and that of the student who handed this in, which is theirs from now on."""
        base, *apart = _possible_folders(hand_in, assignment)
        folder = next((name for name in (base, *apart) if self._is_theirs(name, hand_in, assignment)), apart[-1])
        self.known[folder].setdefault(assignment, hand_in)
        return base, folder

    def find_known(self, hand_in: HandIn, assignment: str) -> str:
        """The folder that a student has already; "" if there is none."""
        folders = _possible_folders(hand_in, assignment)
        return next((name for name in folders if name in self.known and self._is_theirs(name, hand_in, assignment)), "")

    def learn_blind(self, hand_ins: list[tuple[str, HandIn]]) -> None:
        """Learn the names that are no names: many Moodle numbers have them in one download, the first of each pair."""
        numbers = {(download, one.name, one.number) for download, one in hand_ins if one.platform == "moodle"}
        counts = Counter((download, name) for download, name, _ in numbers)
        self.blind |= {name for (_, name), count in counts.items() if count >= MANY}

    def _is_theirs(self, folder: str, hand_in: HandIn, assignment: str) -> bool:
        known = self.known.get(folder, {})
        return all(_is_same(one, hand_in, name == assignment) for name, one in known.items())

    def mark_blind(self, hand_in: HandIn) -> HandIn:
        """The hand-in, said to be blind where its name is known to be no name."""
        blind = hand_in.platform == "moodle" and hand_in.name in self.blind
        return replace(hand_in, platform="moodle blind") if blind else hand_in


def _possible_folders(hand_in: HandIn, assignment: str) -> list[str]:
    """The folders that a student may have, the plain one first, the last one surely theirs alone."""
    nameless, number = hand_in.platform in NAMELESS, hand_in.number
    numbered = bool(number) and (nameless or hand_in.platform == "canvas")
    base = make_safe(f"{hand_in.name}_{number}" if numbered else hand_in.name)
    apart = [f"{base}_{make_safe(number)}"] if number and not numbered else []
    apart += [f"{base}-{assignment}"] if nameless else []
    return [base, *apart, f"{base}-{_digest('/'.join((hand_in.platform, hand_in.name, hand_in.account)))}"]


def _is_same(one: HandIn, other: HandIn, same_assignment: bool) -> bool:
    """Whether two hand-ins are of one student, as far as their names and numbers can say."""
    if _normal(one.name) != _normal(other.name):
        return False
    if {one.platform, other.platform} & NAMELESS and not same_assignment:
        return False
    comparable = one.account and other.account and one.platform == other.platform
    if comparable and (same_assignment or one.platform in LASTING):
        return one.account == other.account
    return True


def _normal(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())
