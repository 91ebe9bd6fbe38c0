# SPDX-License-Identifier: Apache-2.0
"""Every command block of every tutorial works as written."""

import tempfile
import unittest
from pathlib import Path

from harness.document import Reader
from velatool import paths, tapunit

TUTORIALS = paths.ROOT / "docs" / "tutorial"


class TutorialTest(unittest.TestCase):
    """Follows the tutorials, each in an empty directory with ./vela in it."""

    def test_tutorials(self) -> None:
        documents = sorted(TUTORIALS.glob("*.md"))
        self.assertTrue(documents, f"no tutorial in {TUTORIALS}")
        for document in documents:
            with self.subTest(document.name), tempfile.TemporaryDirectory() as name:
                Path(name, "vela").symlink_to(paths.ROOT / "vela")
                self.assertGreater(Reader(Path(name)).follow(document), 0)


if __name__ == "__main__":
    tapunit.main()
