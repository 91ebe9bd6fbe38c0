# SPDX-License-Identifier: Apache-2.0
"""Reads TAP and KTAP: host tests print the one, test machines the other on their serial line.

Results of nested tests are flattened: a group's result is replaced by those of its members, named
"group: member". A group without members is a result of its own.
"""

import re
from dataclasses import dataclass, field

PLAN = re.compile(r"^(\s*)1\.\.(\d+)\b(.*)$")
RESULT = re.compile(r"^(\s*)(not ok|ok)\b\s*(\d+)?\s*-?\s*([^#]*?)\s*(?:#\s*(.*))?$")


@dataclass(frozen=True)
class Result:
    """The outcome of one test. A skipped test is ok and has a reason."""

    name: str
    ok: bool
    skipped: bool = False
    reason: str = ""


@dataclass
class Collector:
    """Takes lines one by one; other lines than plans and results are ignored.

    faults lists what is wrong with the report itself.
    """

    results: list[tuple[int, Result]] = field(default_factory=list)
    plans: dict[int, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    top: int | None = None
    faults: list[str] = field(default_factory=list)

    def feed(self, line: str) -> bool:
        """Take a line without its line end; returns whether it was a plan or a result."""
        plan = PLAN.match(line)
        if plan:
            indent = len(plan.group(1))
            self.plans[indent] = int(plan.group(2))
            self.top = indent if self.top is None else min(self.top, indent)
            return True
        result = RESULT.match(line)
        if not result:
            return False
        indent = len(result.group(1))
        self.top = indent if self.top is None else min(self.top, indent)
        self.counts[indent] = self.counts.get(indent, 0) + 1
        self._add(indent, result)
        return True

    def _add(self, indent: int, match: re.Match[str]) -> None:
        name = match.group(4) or f"test {match.group(3) or self.counts[indent]}"
        directive = match.group(5) or ""
        skipped = directive.upper().startswith("SKIP")
        ok = match.group(2) == "ok" or skipped
        members = self._take_members(indent, name)
        if members and (ok or not all(member.ok for member in members)):
            self.results += [(indent, member) for member in members]
        else:
            reason = directive[4:].strip(" :") if skipped else directive
            self.results.append((indent, Result(name, ok, skipped, reason)))

    def _take_members(self, indent: int, group: str) -> list[Result]:
        members: list[Result] = []
        while self.results and self.results[-1][0] > indent:
            member = self.results.pop()[1]
            members.append(Result(f"{group}: {member.name}", member.ok, member.skipped,
                                  member.reason))
        for level in [level for level in self.plans if level > indent]:
            self._check_plan(level, group)
        return members[::-1]

    def _check_plan(self, level: int, where: str) -> None:
        planned, seen = self.plans.pop(level), self.counts.pop(level, 0)
        if planned != seen:
            self.faults.append(f"{where}: {planned} results were planned, {seen} came")

    def finish(self) -> list[Result]:
        """All results, after the last line. Anything missing is in faults."""
        if self.top is None or self.top not in self.plans:
            self.faults.append("no test plan was printed")
        else:
            self._check_plan(self.top, "the plan")
        if any(indent != self.top for indent, _ in self.results):
            self.faults.append("the last group has no result of its own")
        return [result for _, result in self.results]


def parse(text: str) -> Collector:
    """A collector that has taken a whole text; call finish() for the results."""
    collector = Collector()
    for line in text.splitlines():
        collector.feed(line.rstrip("\r"))
    return collector


def line_for(number: int, result: Result) -> str:
    """A result as a line of TAP."""
    directive = f" # SKIP {result.reason}" if result.skipped else ""
    name = result.name.replace("#", "")
    return f"{'ok' if result.ok else 'not ok'} {number} - {name}{directive}"
