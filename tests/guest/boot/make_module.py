# SPDX-License-Identifier: Apache-2.0
"""Writes a boot module of SIZE bytes whose content boot.c knows: make_module.py FILE SIZE."""

import sys
from pathlib import Path

size = int(sys.argv[2])
content = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(size))
Path(sys.argv[1]).write_bytes(size.to_bytes(4, "little") + content[4:])
