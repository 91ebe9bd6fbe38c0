# SPDX-License-Identifier: Apache-2.0
"""The documents hold together: links lead somewhere, every document can be found, commands are
described, and the support matrix uses the words it defines and the limits of the code.
"""

import re
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from velatool import cli, paths, tapunit

FENCED = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
MENTION = re.compile(r"\bdocs/[\w./-]*\.md\b")
STATUS_WORD = re.compile(r"^\| \*\*(\w+)\*\* \|", re.MULTILINE)
STATUS_TABLE = re.compile(r"^\| feature \| status \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# Rows of the table of limits, and where the code has the number.
LIMITS = {
    "CPUs": ("abi/vela/types.h", "VELA_CPUS_MAX"),
    "selectors of an object space": ("abi/vela/types.h", "VELA_SEL_MAX"),
    "nesting of protection domains": ("hypervisor/core/pd.h", "PD_DEPTH_MAX"),
    "calls on one scheduling context": ("abi/vela/types.h", "VELA_CALL_DEPTH"),
    "steps of one `map` or `grant`": ("abi/vela/types.h", "VELA_LEAVES_MAX"),
    "words of a message": ("abi/vela/types.h", "VELA_UTCB_WORDS"),
    "interrupt lines": ("hypervisor/x86/arch/irq.h", "ARCH_IRQS"),
    "boot modules": ("abi/vela/info.h", "VELA_MODULES_MAX"),
    "ranges of the memory map": ("abi/vela/info.h", "VELA_MEMORY_MAX"),
}
# Directories of the tree whose files are not the project's own.
FOREIGN = {"build", "subprojects"}
SOURCES = {".c", ".h", ".S", ".py", ".def", ".build", ".conf", ".ld", ".asl", ".sh"}


def own_files(root: Path) -> Iterator[Path]:
    """The project's own files below a directory."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in FOREIGN or path.name.startswith("build-"):
            continue
        if path.is_dir():
            yield from own_files(path)
        else:
            yield path


def prose(text: str) -> str:
    """A document without its code, in which nothing is a link or a heading."""
    return FENCED.sub("", text)


def anchors(text: str) -> set[str]:
    """The anchors that a document's headings have where documents are usually read."""
    found: dict[str, int] = {}
    for heading in HEADING.findall(prose(text)):
        name = NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)


def links(text: str) -> list[str]:
    """The targets of a document's links that stay within the tree."""
    return [unquote(target) for target in LINK.findall(INLINE.sub("", prose(text)))
            if not ELSEWHERE.match(target)]


def fault(document: Path, target: str) -> str:
    """What is wrong with a link, or an empty string."""
    name, _, anchor = target.partition("#")
    file = (document.parent / name).resolve() if name else document
    if not file.exists():
        return f"{document}: there is no {target}"
    if anchor and (file.suffix != ".md" or anchor not in anchors(file.read_text())):
        return f"{document}: {name or 'this document'} has no heading for #{anchor}"
    return ""


def faults(documents: list[Path]) -> list[str]:
    """What is wrong with the links of some documents."""
    return [text for document in documents for target in links(document.read_text())
            if (text := fault(document, target))]


class CheckerTest(unittest.TestCase):
    """The checker itself, on documents with mistakes."""

    def found(self, text: str) -> list[str]:
        """The faults of a document that has a neighbour with one heading."""
        with tempfile.TemporaryDirectory() as name:
            Path(name, "other.md").write_text("# One `thing`, twice\n")
            document = Path(name, "doc.md")
            document.write_text(text)
            return faults([document])

    def test_good_links(self) -> None:
        self.assertEqual(self.found("[a](other.md) [b](other.md#one-thing-twice)\n# X\n[c](#x) "
                                    "[d](https://example.org/none)"), [])

    def test_missing_file(self) -> None:
        self.assertEqual(len(self.found("[a](none.md), [b](other.md), [c](none/)")), 2)

    def test_missing_heading(self) -> None:
        self.assertEqual(len(self.found("[a](other.md#two) [b](#x)\n```\n# x\n```\n")), 2)

    def test_code_holds_no_links(self) -> None:
        self.assertEqual(self.found("`[a](none.md)`\n\n```\n[b](none.md)\n```\n"), [])

    def test_equal_headings(self) -> None:
        self.assertEqual(anchors("# A b\n## A b\n"), {"a-b", "a-b-1"})


class DocumentsTest(unittest.TestCase):
    """The project's documents."""

    def setUp(self) -> None:
        self.documents = [path for path in own_files(paths.ROOT) if path.suffix == ".md"]

    def test_links(self) -> None:
        self.assertTrue(self.documents)
        self.assertEqual(faults(self.documents), [])

    def test_contents_name_every_document(self) -> None:
        contents = paths.ROOT / "docs" / "README.md"
        named = {(contents.parent / target.partition("#")[0]).resolve()
                 for target in links(contents.read_text())}
        # A link to a directory stands for what is in it.
        missing = [path for path in self.documents if path.is_relative_to(contents.parent)
                   and path != contents and not {path, path.parent} & (named - {contents.parent})]
        self.assertEqual(missing, [])

    def test_sources_name_documents_that_exist(self) -> None:
        missing = [f"{path}: there is no {name}" for path in own_files(paths.ROOT)
                   if path.suffix in SOURCES and path != Path(__file__).resolve()
                   for name in MENTION.findall(path.read_text(errors="replace"))
                   if not (paths.ROOT / name).exists()]
        self.assertEqual(missing, [])

    def test_commands_are_described(self) -> None:
        text = (paths.ROOT / "docs" / "commands.md").read_text()
        words = [f"./vela {name}" for name in cli.COMMANDS]
        missing = [word for word in words if word not in text]
        for name in cli.COMMANDS:
            missing += [f"{name} {'/'.join(action.option_strings)}"
                        for action in cli.parser_for(name)._actions
                        if action.option_strings and "--help" not in action.option_strings
                        and not any(option in text for option in action.option_strings)]
        self.assertEqual(missing, [])

    def test_support_uses_its_own_words(self) -> None:
        text = (paths.ROOT / "docs" / "SUPPORT.md").read_text()
        words = set(STATUS_WORD.findall(text))
        self.assertGreater(len(words), 1)
        rows = [row for table in STATUS_TABLE.findall(text) for row in table.splitlines()]
        self.assertTrue(rows)
        self.assertEqual([row for row in rows if row.split("|")[2].strip() not in words], [])

    def test_limits_are_those_of_the_code(self) -> None:
        text = (paths.ROOT / "docs" / "SUPPORT.md").read_text()
        for row, (file, name) in LIMITS.items():
            with self.subTest(row):
                said = re.search(rf"^\| {re.escape(row)} \| (\d[\d,]*)", text, re.MULTILINE)
                code = re.search(rf"^#define {name}\s+(\w+)", (paths.ROOT / file).read_text(),
                                 re.MULTILINE)
                self.assertTrue(said and code, f"{row}: not in SUPPORT.md, or no {name} in {file}")
                self.assertEqual(int(said[1].replace(",", "")), int(code[1].rstrip("uUlL"), 0))


if __name__ == "__main__":
    tapunit.main()
