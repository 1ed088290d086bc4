"""What students see of a check: its result, and hints."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from vae_checks.mistakes import Finding, Mistake
from vae_checks.shapes import FORM

if TYPE_CHECKING:
    from vae_checks.check import Check


class Hint(NamedTuple):
    """A hint; displays as Markdown or as text."""

    title: str
    text: str

    def __repr__(self) -> str:
        return f"{self.title}: {self.text}"

    def _repr_markdown_(self) -> str:
        return f"**{self.title}.** {self.text}"


@dataclass(frozen=True)
class Result:
    """What a check found; displays as Markdown or as text.

    Args:
        check: that found it.
        state: "not attempted", "right" or "not yet".
        findings: of each property that was judged.
        mistake: the known mistake that was made, if any.
        function: the student's.
        printed: what the student's function printed, as far as it is shown.
        unread: which arguments the student's function never reads, a sentence; "" if that is not known, or none.
    """

    check: "Check"
    state: str
    findings: list[Finding]
    mistake: Mistake | None
    function: Callable | None
    printed: str = ""
    unread: str = ""

    @property
    def points(self) -> float:
        """The points earned: those of each property that holds, up to the lowest cap of those that do not."""
        found = {finding.name: finding for finding in self.findings}
        judged = [(property_, found[property_.name]) for property_ in self.check.properties if property_.name in found]
        caps = [p.cap for p, finding in judged if p.cap is not None and not finding.right and not finding.cause]
        return float(min([sum(property_.points for property_, finding in judged if finding.right), *caps]))

    def or_library(self) -> tuple[Any, str]:
        """The student's function if it is right, else the library's; and a sentence that says which."""
        if self.state == "right":
            return self.function, f"Drawn with your own {self.check.name}."
        return self.check.oracle.open(), f"Drawn with the library's {self.check.name}, until yours is right."

    def __repr__(self) -> str:
        mistake = [f"It looks like this: {self.mistake.name}. {self.mistake.question}"] if self.mistake else []
        found = [*mistake, *filter(None, [self.unread]), *self._findings(str), *self._remarks(str)]
        printed = ["Your function printed:", *("  " + line for line in self.printed.splitlines())]
        lines = [*found, *(printed if self.printed else []), *self._help()]
        return "\n".join([self._headline(), *("  " + line for line in lines)])

    def _repr_markdown_(self) -> str:
        about = " Below stand the points that this answer earns." if self.state == "not yet" else ""
        mistake = [f"**It looks like this: {self.mistake.name}.** {self.mistake.question}"] if self.mistake else []
        findings = "\n".join(f"- {line}" for line in self._findings(_as_markdown))
        printed = ["Your function printed:", f"<pre>{html.escape(self.printed)}</pre>"]
        blocks = [f"**{self._headline()}**{about}", *mistake, self.unread, findings, *self._remarks(_as_markdown)]
        return "\n\n".join(filter(None, [*blocks, *(printed if self.printed else []), *self._help()]))

    def _headline(self) -> str:
        mark = {"right": "✓", "not yet": "✗", "not attempted": "○"}[self.state]
        return f"{mark} {self.check.name}: {self.state}, {self.points:g} of {self.check.max_points} points"

    def _findings(self, quote: Callable[[str], str]) -> Iterator[str]:
        """What holds and what does not, a line each, and a line of what follows from a fault."""
        if self.state == "right":
            return
        # A shape that was put right, to judge the numbers, is not one that was right.
        odd_form = any(finding.name == FORM.name and finding.fault for finding in self.findings)
        hidden = {property_.name for property_ in self.check.properties if property_.required and odd_form}
        for finding in self.findings:
            if not (finding.cause or finding.remark or (finding.right and finding.name in hidden)):
                yield f"✓ {finding.name}" if finding.right else f"✗ {finding.name}: {quote(finding.fault)}"
        if following := [finding.name for finding in self.findings if finding.cause and not finding.remark]:
            yield f"not looked at, because of what stands above: {', '.join(following)}"

    def _remarks(self, quote: Callable[[str], str]) -> Iterator[str]:
        for finding in self.findings:
            if finding.remark and finding.fault and not finding.cause:
                yield f"A remark, which costs nothing: {finding.name}, {quote(finding.fault)}"

    def _help(self) -> list[str]:
        name = self.check.name
        return [] if self.state == "right" else [f"For a hint: checks.{name}.hint(1), then 2 and 3"]


def _as_markdown(sentence: str) -> str:
    """A student's own text must not act as Markdown or HTML."""
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|~$" else letter for letter in sentence)
