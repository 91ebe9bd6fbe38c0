# SPDX-License-Identifier: Apache-2.0
"""Entry point of `python3 -m velatool`; the launcher ./vela starts it."""

import sys

from velatool.cli import main

sys.exit(main(sys.argv[1:]))
