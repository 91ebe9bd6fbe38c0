# SPDX-License-Identifier: Apache-2.0
"""Every command block of every tutorial works as written."""

import tempfile
import unittest
from pathlib import Path

from harness.document import Reader
from velatool import paths, tapunit

TUTORIALS = paths.ROOT / "docs" / "tutorial"


class TutorialTest(unittest.TestCase):
    """Follows the tutorials, each in a directory with nothing but ./vela and ./examples, and with
    a disk of their own."""

    def test_tutorials(self) -> None:
        documents = sorted(TUTORIALS.glob("*.md"))
        self.assertTrue(documents, f"no tutorial in {TUTORIALS}")
        for document in documents:
            with self.subTest(document.name), tempfile.TemporaryDirectory() as name:
                for shipped in ("vela", "examples"):
                    Path(name, shipped).symlink_to(paths.ROOT / shipped)
                reader = Reader(Path(name), {"VELA_DISK": f"{name}/disk.img"})
                self.assertGreater(reader.follow(document), 0)


if __name__ == "__main__":
    tapunit.main()
