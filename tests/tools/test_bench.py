# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks make of the figures that machines print, and which of them a pattern asks for."""

import unittest

from velatool import bench, bench_payload, bench_peers, tapunit


class BenchTest(unittest.TestCase):
    """Nothing here runs a machine."""

    def test_figures_of_a_guest(self) -> None:
        lines = ["[    1.0] kvm: @@ tap_rx 12", "@@ io_send 7 bytes", "@@ io_read 34", "x @@"]
        self.assertEqual(bench_payload.figures(lines), {"tap_rx": 12, "io_read": 34})

    def test_ratios_under_kvm(self) -> None:
        keys = (*bench_payload.PHASES, *bench_payload.TIMES)
        without = {key: 1000 for key in keys}
        found = bench_peers.ratios({key: 1010 for key in keys}, without)
        self.assertEqual(set(found), set(bench_peers.PHASE_KEYS))
        self.assertEqual((found["kvm_phase_cpu"], found["kvm_timer_tick"]), (1.01, 1010))

    def test_rate_of_the_least_monitor(self) -> None:
        floors = {"floor_note_32": 100, "floor_ask_32": 400,
                  "floor_send_32": 100 + bench_peers.FLOOR_PACKET // 2}
        traffic = {"tap_rx": 10, "tap_tx": 20, "io_sent_bytes": 100_000}
        # 10 packets at 100, 20 answers at 300, half an instruction for each byte.
        self.assertEqual(bench_peers.floor_rate(floors, traffic), round(100_000 / 57_000, 3))

    def test_a_group_is_measured_only_when_it_is_asked_for(self) -> None:
        group = [benchmark for benchmark in bench.BENCHMARKS if benchmark.group]
        self.assertEqual(bench.select(["peers"]), group)
        for patterns in ([], ["phase_cpu"], ["kvm_phase_cpu", "exit_cpuid"]):
            self.assertFalse(set(bench.select(patterns)) & set(group))


if __name__ == "__main__":
    tapunit.main()
