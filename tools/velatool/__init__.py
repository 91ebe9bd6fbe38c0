# SPDX-License-Identifier: Apache-2.0
"""The host command `vela`: sets up, builds, runs, packs, tests and measures Vela."""
