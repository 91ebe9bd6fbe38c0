# SPDX-License-Identifier: Apache-2.0
"""Vela's guests under KVM, in the same emulator: `./vela bench peers`.

KVM's host is Debian's cloud kernel with an initramfs of busybox, kernel modules and this machine's own
QEMU. It starts the guests of bench_payload and bench_io, the same bytes with the same command line, and
the counter counts everything. tests/bench/floor.c is a lower bound for a smaller monitor than QEMU.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from velatool import bench_io, bench_payload, cpio, guest, paths, qemu, serial
from velatool.bench_payload import CPU, DIRECTORY, LINE, PHASES, SOURCES, TIMES
from velatool.hardware import Hardware
from velatool.process import run as run_program
from velatool.ui import VelaError, progress

GROUP = "peers"
EMULATOR = Path("/usr/bin", qemu.QEMU)
MODULES = ("irqbypass", "kvm", "kvm-amd", "virtio_ring", "virtio", "virtio_pci_legacy_dev",
           "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "failover", "net_failover",
           "virtio_net", "llc", "stp", "bridge", "tun", "tap", "vhost_iotlb", "vhost", "vhost_net")
FIRMWARE = ("seabios/bios-256k.bin", "qemu/pvh.bin", "qemu/qboot.rom", "qemu/linuxboot_dma.bin",
            "qemu/kvmvapic.bin")
MEMORY_MIB = 1536
END = "@@ peers_end "
# The inner guest often hangs in the emulator, without any part of Vela; a run is then repeated.
TIMEOUT = 150
TRIES = 5

Q35 = "-M q35,vmport=off -global kvm-apic.vapic=off"
MICROVM = "-M microvm,rtc=on,pit=on,pic=on,isa-serial=on,x-option-roms=off"
DISK = ("-object iothread,id=io,poll-max-ns=0 -drive file=/dev/vda,if=none,id=disk,format=raw,"
        "cache=none,aio=io_uring -device virtio-blk-pci,drive=disk,iothread=io,disable-legacy=on")
NETWORK = ("-netdev tap,id=net,ifname=tap0,script=no,downscript=no,vhost={vhost} "
           "-device virtio-net-pci,netdev=net,mac=52:54:00:12:34:57,disable-legacy=on,romfile=")

PHASE_KEYS = tuple(f"kvm_{key}" for key in (*PHASES, *TIMES))
RATE = "virtio_net_send_bytes_per_instruction"
IO_KEYS = ("kvm_virtio_blk_read", f"kvm_{RATE}", f"kvm_vhost_{RATE}")
# Disk requests one after the other and several at a time, with 32 or one for each doorbell; packets of
# 64 KB, short ones, and short ones that are answered.
DISK_FLOORS = ("sync /dev/vda 32", "sync /dev/vda 1", "read /dev/vda 32", "read /dev/vda 1")
NETWORK_FLOORS = ("send nowhere 32", "note nowhere 32", "ask lan 32")
FLOOR_PACKET = 44 * 1460
FLOOR_KEYS = ("kvm_floor_virtio_blk_read", "kvm_floor_virtio_blk_read_alone",
              "kvm_floor_virtio_blk_read_aio", "kvm_floor_virtio_blk_read_aio_alone",
              f"kvm_floor_{RATE}")


def libraries(program: Path) -> list[Path]:
    """The shared libraries that a program needs, and the loader."""
    listing = run_program(["ldd", program], f"list the libraries of {program.name}")
    return [Path(name) for name in re.findall(r"(/\S+) \(0x", listing)]


def host_files(package: Path) -> dict[Path, Path]:
    """What KVM's host has beyond busybox: each file's place there, and here. package is unpacked."""
    files = {path.relative_to("/"): path for path in (EMULATOR, *libraries(EMULATOR))}
    files |= {Path("usr/share", name): Path("/usr/share", name) for name in FIRMWARE}
    files |= {Path(name): DIRECTORY / name for name in ("vmlinux", "io.cpio", "payload.cpio")}
    for module in MODULES:
        found = next(package.glob(f"lib/modules/**/{module}.ko"), None)
        if found is None:
            raise VelaError(f"the guest's kernel has no module {module}")
        files[Path("lib", found.name)] = found
    return files | {Path("bin/busybox"): guest.BUSYBOX, Path("init"): SOURCES / "peers-init",
                    Path("bin/floor"): bench_payload.program("floor", "floor_machine")}


def host_initramfs() -> None:
    """The initramfs of KVM's host."""
    archive = cpio.Archive()
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as name:
        guest.unpack(guest.KERNEL_PACKAGE, Path(name))
        files = host_files(Path(name))
        made = {parent for path in files for parent in path.parents} - {Path()}
        for directory in sorted(made | {Path("dev"), Path("proc"), Path("sys"), Path("tmp")}):
            archive.directory(str(directory))
        archive.character_device("dev/console", 5, 1)
        for applet in sorted(set(guest.applets()) - {"busybox"}):
            archive.symlink(f"bin/{applet}", "busybox")
        for target, source in sorted(files.items()):
            archive.file(str(target), source.read_bytes(), 0o755)
    (DIRECTORY / "peers.cpio").write_bytes(archive.finish(compress=False))


def host(settings: Mapping[str, str], with_devices: bool) -> qemu.Machine:
    """The machine of KVM's host. Settings are what its /init finds in its environment."""
    words = " ".join(f'{key}="{value}"' for key, value in settings.items())
    devices = bench_io.DISK if with_devices else ()
    return qemu.Machine(
        kernel=DIRECTORY / "vmlinux", append=f"{LINE} {words}", cpus=1, memory_mib=MEMORY_MIB, cpu=CPU,
        accel="tcg,tb-size=512", icount=True,
        extra=("-initrd", str(DIRECTORY / "peers.cpio"), *devices),
        hardware=Hardware(adapters=("virtio",) if with_devices else ()))


def run(machine: qemu.Machine, keys: Sequence[str]) -> dict[str, int]:
    """The figures that a host prints, all of keys among them."""
    for attempt in range(1, TRIES + 1):
        outcome = serial.run(machine, TIMEOUT, lambda line: END in line)
        found = bench_payload.figures(outcome.lines)
        missing = [key for key in keys if key not in found]
        if not missing:
            return found
        progress(f"no {missing[0]} under KVM, try {attempt} of {TRIES}")
    raise VelaError(f"KVM's guest gave no {', '.join(missing)}", "\n".join(outcome.lines[-20:]))


def prepare() -> None:
    """Make all that the machines need."""
    bench_payload.prepare()
    bench_io.initramfs()
    host_initramfs()


def ratios(under_kvm: Mapping[str, int], without: Mapping[str, int]) -> dict[str, float]:
    """What the payload's phases cost under KVM, over the same without."""
    return {**{f"kvm_{key}": round(under_kvm[key] / without[key], 4) for key in PHASES},
            **{f"kvm_{key}": under_kvm[key] for key in TIMES}}


def phases() -> dict[str, float]:
    """Every phase under KVM over the same phase without.

    Nested in the emulator KVM misses what the guest writes to XCR0, and Linux then does without XSAVE. So
    does the guest without KVM here: its switches between processes are to be the same work.
    """
    prepare()
    line = f"{LINE} noxsave"
    without = bench_payload.figures(bench_payload.run(bench_payload.native(line), bench_payload.END))
    settings = {"payload": "payload.cpio", "guest": line, "devices": Q35}
    return ratios(run(host(settings, with_devices=False), (*PHASES, *TIMES)), without)


def io_under_kvm(line: str, devices: str, keys: Sequence[str]) -> dict[str, int]:
    """What the guest of the disk and network benchmark prints under KVM."""
    settings = {"payload": "io.cpio", "guest": line, "devices": f"{Q35} {devices}"}
    return run(host(settings, with_devices=True), keys)


def floor_rate(floors: Mapping[str, int], traffic: Mapping[str, int]) -> float:
    """Bytes per instruction of the least monitor, for the packets that a real guest exchanged."""
    small = floors["floor_note_32"]
    each_byte = (floors["floor_send_32"] - small) / FLOOR_PACKET
    spent = (traffic["tap_rx"] * small + traffic["io_sent_bytes"] * each_byte
             + traffic["tap_tx"] * (floors["floor_ask_32"] - small))
    return round(traffic["io_sent_bytes"] / spent, 3)


def disk_and_network() -> dict[str, float]:
    """Disk and network outside the guest, with QEMU as KVM's monitor and with the least one."""
    prepare()
    with bench_io.server() as line:
        without = bench_io.run(bench_payload.native(line, "io"))
        vhost = io_under_kvm(line, f"{DISK} {NETWORK.format(vhost='on')}", ("io_read", "io_send"))
        user = io_under_kvm(line, NETWORK.format(vhost="off"), ("io_send",))
    names = [f"floor_{verb}_{batch}" for verb, _, batch in map(str.split, DISK_FLOORS + NETWORK_FLOORS)]
    floors = run(host({"floors": " ".join(DISK_FLOORS + NETWORK_FLOORS)}, with_devices=True), names)
    sent = without["io_sent_bytes"]
    return {
        IO_KEYS[0]: round((vhost["io_read"] - without["io_read"]) / without["io_requests"]),
        IO_KEYS[1]: round(sent / (user["io_send"] - without["io_send"]), 3),
        IO_KEYS[2]: round(sent / (vhost["io_send"] - without["io_send"]), 3),
        **dict(zip(FLOOR_KEYS, (floors[name] for name in names))),
        FLOOR_KEYS[-1]: floor_rate(floors, vhost),
    }
