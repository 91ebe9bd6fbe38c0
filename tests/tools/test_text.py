# SPDX-License-Identifier: Apache-2.0
"""The parts of the host command that turn text into text: line counts, apt sources, archives,
command lines, errors.
"""

import gzip
import unittest
from pathlib import Path

from velatool import cli, cpio, image, kvm, loc, qemu, sources, tapunit
from velatool.ui import UsageError, VelaError


class LineCountTest(unittest.TestCase):
    """Comments and blanks do not count; what only looks like a comment does."""

    def test_c(self) -> None:
        text = '/* one\n two */\nint a; /* x */\n// y\n\nchar *s = "/* no */";\nchar c = \'"\'; // z\n'
        self.assertEqual(loc.count_c(text), 3)

    def test_assembly_keeps_directives_of_the_preprocessor(self) -> None:
        self.assertEqual(loc.count_assembly("#define A 1\n# comment\n\tmov %a, %b # x\n"), 2)

    def test_python(self) -> None:
        text = '"""Doc\nstring."""\n\n# comment\nx = """a\nb"""\n\ndef f():\n    """Doc."""\n    return 1\n'
        self.assertEqual(loc.count_python(text), 4)


class SourcesTest(unittest.TestCase):
    """The machine's binary archives become source archives."""

    def test_one_line_format(self) -> None:
        text = ("# deb http://a/debian bookworm main\n"
                "deb [arch=amd64 signed-by=/k.gpg] http://m/debian bookworm main contrib # x\n"
                "deb-src http://m/debian bookworm main\n")
        self.assertEqual(sources.one_line_sources(text),
                         ["Types: deb-src\nURIs: http://m/debian\nSuites: bookworm\n"
                          "Components: main contrib\nSigned-By: /k.gpg"])

    def test_stanza_format(self) -> None:
        text = "# note\nTypes: deb\nURIs: http://m/debian\nSuites: bookworm\n\nTypes: deb-src\nURIs: x\n"
        self.assertEqual(sources.deb822_sources(text),
                         ["Types: deb-src\nURIs: http://m/debian\nSuites: bookworm"])

    def test_other_vendors_are_left_out(self) -> None:
        self.assertFalse(sources.is_debian("URIs: http://vendor/apt\nSuites: bookworm"))
        self.assertFalse(sources.is_debian("URIs: http://m/debian\nSuites: sid"))
        self.assertTrue(sources.is_debian("URIs: http://m/debian\nSuites: bookworm-updates"))


class ArchiveTest(unittest.TestCase):
    """The initramfs writer, read back by the format's definition."""

    def test_entries(self) -> None:
        archive = cpio.Archive()
        archive.directory("bin")
        archive.file("bin/a", b"hello", 0o755)
        archive.character_device("console", 5, 1)
        data = gzip.decompress(archive.finish())
        names, offset = [], 0
        while offset < len(data):
            self.assertEqual(data[offset:offset + 6], b"070701")
            fields = [int(data[offset + 6 + 8 * n:offset + 14 + 8 * n], 16) for n in range(13)]
            name_start = offset + 110
            name = data[name_start:name_start + fields[11] - 1].decode()
            content = (name_start + fields[11] + 3) & ~3
            names.append((name, oct(fields[1]), data[content:content + fields[6]],
                          (fields[9], fields[10])))
            offset = (content + fields[6] + 3) & ~3
        self.assertEqual(names, [("bin", "0o40755", b"", (0, 0)),
                                 ("bin/a", "0o100755", b"hello", (0, 0)),
                                 ("console", "0o20600", b"", (5, 1)),
                                 ("TRAILER!!!", "0o0", b"", (0, 0))])


class CommandLineTest(unittest.TestCase):
    """Mistakes are answered with what was probably meant."""

    def failure(self, *words: str) -> UsageError:
        """The error that a command line causes."""
        with self.assertRaises(UsageError) as caught:
            cli.dispatch(words)
        return caught.exception

    def test_unknown_command(self) -> None:
        error = self.failure("rnu")
        self.assertEqual((str(error), error.hint),
                         ("there is no command 'rnu'", "did you mean 'run'?"))

    def test_unknown_option(self) -> None:
        error = self.failure("run", "--cpu=2")
        self.assertIn("--cpu", str(error))
        self.assertEqual(error.hint, "did you mean '--cpus'?")

    def test_bad_values(self) -> None:
        self.assertIn("--cpus", str(self.failure("run", "--cpus", "two")))
        self.assertIn("at least one CPU", str(self.failure("run", "--cpus", "0")))
        self.assertIn("CONF", str(self.failure("image")))
        self.assertEqual(self.failure("config", "chekc").hint, "did you mean 'check'?")


class QemuTest(unittest.TestCase):
    """How a machine is described to QEMU."""

    def test_commas_in_arguments_are_doubled(self) -> None:
        module = qemu.Module("root", Path("/r"), "a=1,2")
        words = qemu.command(qemu.Machine(kernel=Path("/k"), modules=[module] * 2))
        self.assertEqual(words[words.index("-initrd") + 1], "root a=1,,2,root a=1,,2")

    def test_instruction_counting_means_one_cpu(self) -> None:
        words = qemu.command(qemu.Machine(kernel=Path("/k"), cpus=4, icount=True))
        self.assertEqual(words[words.index("-smp") + 1], "1")

    def test_names_cannot_leave_the_stage(self) -> None:
        module = qemu.Module("../" * 20 + "x", Path(__file__))
        with self.assertRaises(VelaError), qemu.stage([module]):
            self.fail("the stage was made")

    def test_names_with_directories(self) -> None:
        modules = [qemu.Module(name, Path(__file__)) for name in ("../up/x", "down/x", "x")]
        with qemu.stage(modules) as directory:
            for module in modules:
                self.assertTrue((directory / module.name).samefile(__file__), module.name)

    def test_exit_statuses(self) -> None:
        self.assertEqual([value.status for value in qemu.DebugExit], [33, 35, 37, 65])
        self.assertIn("signal 9", qemu.meaning(-9))
        self.assertIn("unknown", qemu.meaning(77))


class ImageTest(unittest.TestCase):
    """GRUB's script language."""

    def test_words_are_quoted(self) -> None:
        line = image.module_line(3, qemu.Module("a", Path("/a"), "b=$x it's"), " $quit")
        self.assertEqual(line, "module2 /boot/03 'a' 'b=$x' 'it'\\''s' $quit")


class KvmTest(unittest.TestCase):
    """Only an AMD CPU with SVM and nested paging, or an Intel CPU with enough of VMX, will do."""

    AMD = kvm.Leaf(0xD, 0x68747541, 0x444D4163, 0x69746E65)
    INTEL = kvm.Leaf(0xD, 0x756E6547, 0x6C65746E, 0x49656E69)
    SVM = kvm.Leaf(0, 0, 1 << 2, 0)
    NPT = kvm.Leaf(1, 8, 0, 1)

    def test_svm(self) -> None:
        leaves = {0: self.AMD, 0x80000001: self.SVM, 0x8000000A: self.NPT}
        self.assertTrue(kvm.offers_svm(leaves))
        self.assertFalse(kvm.offers_svm({**leaves, 0: self.INTEL}))
        self.assertFalse(kvm.offers_svm({**leaves, 0x80000001: kvm.Leaf(0, 0, 0, 0)}))
        self.assertFalse(kvm.offers_svm({**leaves, 0x8000000A: kvm.Leaf(1, 8, 0, 0)}))
        self.assertFalse(kvm.offers_svm({}))

    def test_vmx(self) -> None:
        leaves = {0: self.INTEL, 1: kvm.Leaf(0, 0, 1 << 5, 0)}
        enough = (1 << 1 | 1 << 5 | 1 << 7) << 32
        self.assertTrue(kvm.offers_vmx(leaves, enough))
        self.assertFalse(kvm.offers_vmx(leaves, enough & ~(1 << 39)))
        self.assertFalse(kvm.offers_vmx(leaves, enough >> 32))
        self.assertFalse(kvm.offers_vmx({**leaves, 0: self.AMD}, enough))
        self.assertFalse(kvm.offers_vmx({**leaves, 1: kvm.Leaf(0, 0, 0, 0)}, enough))
        self.assertFalse(kvm.offers_vmx({}, enough))

    def test_no_device(self) -> None:
        self.assertFalse(kvm.usable("/nonexistent"))


if __name__ == "__main__":
    tapunit.main()
