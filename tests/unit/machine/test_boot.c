/* SPDX-License-Identifier: Apache-2.0 */
/* The boot protocols: what a good kernel finds, and the words for a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "image.h"

static struct image im;

static int setup(void **state)
{
	(void)state;
	image_init(&im);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	image_free(&im);
	return 0;
}

typedef bool loader(const struct boot_request *request, struct vela_state *state,
		    struct boot_error *error);

static void assert_error(loader *load, const char *text)
{
	assert_false(load(&im.request, &im.state, &im.error));
	if (!strstr(im.error.text, text))
		fail_msg("\"%s\" does not say \"%s\"", im.error.text, text);
}

static void linux_boots(void **state)
{
	(void)state;
	image_linux(&im);
	image_module(&im, "initrd", NULL, 5000);
	assert_true(boot_linux(&im.request, &im.state, &im.error));
	assert_int_equal(im.state.rip, (16 << 20) + 0x200);
	assert_int_equal(im.state.gpr[VELA_RSI], BOOT_PARAMS);
	assert_int_equal(im.state.seg[VELA_CS].attr & 0x200, 0x200);
	assert_int_equal(im.state.efer, 0x500);
	assert_int_equal(image_guest(&im, 16 << 20, 4), 0x1234);
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x202, 4), 0x53726448);
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x210, 1), 0xff);
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x070, 8), ACPI_BASE);
	uint64_t initrd = image_guest(&im, BOOT_PARAMS + 0x218, 4);

	assert_int_equal(initrd, IMAGE_RAM - 8192);
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x21c, 4), 5000);
	assert_int_equal(image_guest(&im, initrd + 4999, 1), 0x5a);
	assert_string_equal(guest_ptr(&im.memory, image_guest(&im, BOOT_PARAMS + 0x228, 4), 5),
			    "args");
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x1e8, 1), 4);
	/* The last region of RAM: 1 MiB to its end. */
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x2d0 + 40, 8), 1 << 20);
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x2d0 + 48, 8), IMAGE_RAM - (1 << 20));
	assert_int_equal(image_guest(&im, BOOT_PARAMS + 0x2d0 + 56, 4), MEMORY_RAM);
}

static void linux_page_tables_map_4_gib(void **state)
{
	(void)state;
	image_linux(&im);
	assert_true(boot_linux(&im.request, &im.state, &im.error));
	uint64_t pointers = image_guest(&im, im.state.cr3, 8) & ~0xfffull;
	uint64_t directory = image_guest(&im, pointers + 3 * 8, 8) & ~0xfffull;

	assert_int_equal(image_guest(&im, directory + 511 * 8, 8), 0xffe00083);
	assert_int_equal(image_guest(&im, pointers + 4 * 8, 8), 0);
}

static void linux_moves_when_it_must(void **state)
{
	(void)state;
	image_linux(&im);
	image_put(&im, 0x258, 1ull << 40, 8);
	assert_true(boot_linux(&im.request, &im.state, &im.error));
	assert_int_equal(im.state.rip, (2 << 20) + 0x200);
	image_put(&im, 0x234, 0, 1);
	assert_error(boot_linux, "give the VM more");
}

/* The size in its header counts 16 bytes at a time, the file ends where the code does. */
static void linux_ends_within_16_bytes(void **state)
{
	(void)state;
	image_linux(&im);
	im.request.kernel.size = 1024 + 4096 - 15;
	image_put(&im, 0x1f4, 4096 / 16, 4);
	assert_true(boot_linux(&im.request, &im.state, &im.error));
}

static void linux_is_refused(void **state)
{
	(void)state;
	image_linux(&im);
	im.request.kernel.size = 0x263;
	assert_error(boot_linux, "kernel: not a Linux kernel");
	im.request.kernel.size = 1024 + 512;
	assert_error(boot_linux, "cut short");
	im.request.kernel.size = 1024 + 4096;
	image_put(&im, 0x1f4, 4096 / 16 + 1, 4);
	assert_error(boot_linux, "cut short");
	im.request.kernel.size = 1024 + 4096 - 16;
	image_put(&im, 0x1f4, 4096 / 16, 4);
	assert_error(boot_linux, "cut short");
	im.request.kernel.size = 1024 + 4096;
	image_put(&im, 0x236, 0, 2);
	assert_error(boot_linux, "without 64-bit entry");
	image_put(&im, 0x236, 1, 2);
	image_put(&im, 0x260, UINT32_MAX, 4);
	assert_error(boot_linux, "4096 MiB");
	image_put(&im, 0x260, 1 << 20, 4);
	image_put(&im, 0x238, 3, 4);
	assert_error(boot_linux, "command line is longer than the 3 bytes");
	image_put(&im, 0x238, 255, 4);
	image_put(&im, 0x22c, 16 << 20, 4);
	image_module(&im, "big", NULL, 8192);
	assert_error(boot_linux, "big: no room for the initrd");
	image_put(&im, 0x202, 0, 1);
	assert_error(boot_linux, "not a Linux kernel");
}

static void pvh_boots(void **state)
{
	(void)state;
	image_elf(&im);
	image_module(&im, "initrd", "a b", 100);
	memset(guest_ptr(&im.memory, 0x100100, 0x100), 0xff, 0x100);
	assert_true(boot_pvh(&im.request, &im.state, &im.error));
	assert_int_equal(im.state.rip, 0x100010);
	assert_int_equal(im.state.cr0 & 0x80000001, 1);
	assert_int_equal(image_guest(&im, 0x100000, 4), 0xabcd);
	assert_int_equal(image_guest(&im, 0x100100, 8), 0);
	uint64_t info = im.state.gpr[VELA_RBX];

	assert_int_equal(image_guest(&im, info, 4), 0x336ec578);
	assert_int_equal(image_guest(&im, info + 12, 4), 1);
	uint64_t module = image_guest(&im, info + 16, 8);

	assert_int_equal(image_guest(&im, module, 8), IMAGE_RAM - 4096);
	assert_int_equal(image_guest(&im, module + 8, 8), 100);
	assert_string_equal(guest_ptr(&im.memory, image_guest(&im, module + 16, 8), 4), "a b");
	assert_string_equal(guest_ptr(&im.memory, image_guest(&im, info + 24, 8), 5), "args");
	assert_int_equal(image_guest(&im, info + 32, 8), ACPI_BASE);
	assert_int_equal(image_guest(&im, info + 48, 4), 4);
}

static void pvh_is_refused(void **state)
{
	(void)state;
	image_elf(&im);
	image_put(&im, 0x19c, 17, 4);
	assert_error(boot_pvh, "no PVH entry point");
	image_put(&im, 0x184, UINT32_MAX, 4); /* a note longer than its segment */
	assert_error(boot_pvh, "no PVH entry point");
	image_elf(&im);
	image_put(&im, 72, 0x380, 8);
	assert_error(boot_pvh, "segment 0 reaches beyond the end");
	image_elf(&im);
	image_put(&im, 96, 0x201, 8);
	im.request.kernel.size = 0x800;
	assert_error(boot_pvh, "larger in the file than in memory");
	image_elf(&im);
	image_put(&im, 88, BOOT_PARAMS, 8); /* over the start info */
	assert_error(boot_pvh, "no free memory");
	image_put(&im, 88, UINT64_MAX - 0x100, 8);
	assert_error(boot_pvh, "no free memory");
	image_put(&im, 56, 0xffff, 2);
	assert_error(boot_pvh, "program headers are damaged");
	image_put(&im, 0, 0, 1);
	assert_error(boot_pvh, "not an x86 ELF file");
}

static void multiboot_boots(void **state)
{
	(void)state;
	image_multiboot(&im);
	image_module(&im, "one", "x y", 100);
	image_module(&im, "two", NULL, 8192);
	memset(guest_ptr(&im.memory, 0x100200, 0x100), 0xff, 0x100);
	assert_true(boot_multiboot(&im.request, &im.state, &im.error));
	assert_int_equal(im.state.rip, 0x100020);
	assert_int_equal(im.state.gpr[VELA_RAX], 0x2badb002);
	assert_int_equal(image_guest(&im, 0x100000, 4), 0xbeef);
	assert_int_equal(image_guest(&im, 0x100200, 8), 0);
	uint64_t info = im.state.gpr[VELA_RBX];

	assert_int_equal(image_guest(&im, info, 4), 0x24d);
	assert_int_equal(image_guest(&im, info + 8, 4), (IMAGE_RAM >> 10) - 1024);
	assert_string_equal(guest_ptr(&im.memory, image_guest(&im, info + 16, 4), 5), "args");
	assert_int_equal(image_guest(&im, info + 20, 4), 2);
	uint64_t module = image_guest(&im, info + 24, 4);

	assert_int_equal(image_guest(&im, module, 4), 0x101000);
	assert_int_equal(image_guest(&im, module + 4, 4), 0x101064);
	assert_string_equal(guest_ptr(&im.memory, image_guest(&im, module + 8, 4), 4), "x y");
	assert_int_equal(image_guest(&im, module + 16, 4), 0x102000);
	uint64_t map = image_guest(&im, info + 48, 4);

	assert_int_equal(image_guest(&im, info + 44, 4), 4 * 24);
	assert_int_equal(image_guest(&im, map + 48, 4), 20);
	assert_int_equal(image_guest(&im, map + 52, 8), 1 << 20);
}

/* Without address fields the ELF headers count, and a virtual entry is translated. */
static void multiboot_loads_elf(void **state)
{
	(void)state;
	image_elf(&im);
	image_put(&im, 0x300, 0x1badb002, 4);
	image_put(&im, 0x304, 0, 4);
	image_put(&im, 0x308, (uint32_t)-0x1badb002, 4);
	assert_true(boot_multiboot(&im.request, &im.state, &im.error));
	assert_int_equal(im.state.rip, 0x100010);
	image_put(&im, 24, 0x1000, 8);
	assert_error(boot_multiboot, "entry point lies in no segment");
}

static void multiboot_is_refused(void **state)
{
	(void)state;
	image_multiboot(&im);
	image_put(&im, 0x88, 0, 4);
	assert_error(boot_multiboot, "no header in its first 8 KiB");
	image_multiboot(&im);
	image_put(&im, 0x84, 0x10007, 4);
	image_put(&im, 0x88, (uint32_t)-(0x1badb002 + 0x10007), 4);
	assert_error(boot_multiboot, "flags 0x4");
	image_multiboot(&im);
	image_put(&im, 0x90, 0x100041, 4);
	assert_error(boot_multiboot, "make no sense");
	image_put(&im, 0x90, 0xfff00, 4); /* before the start of the file */
	assert_error(boot_multiboot, "make no sense");
	image_multiboot(&im);
	image_put(&im, 0x94, 0x100401, 4);
	assert_error(boot_multiboot, "more than the file holds");
	image_multiboot(&im);
	image_put(&im, 0x98, 0xffffffff, 4);
	assert_error(boot_multiboot, "no free memory");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(linux_boots),
		TEST(linux_page_tables_map_4_gib),
		TEST(linux_moves_when_it_must),
		TEST(linux_ends_within_16_bytes),
		TEST(linux_is_refused),
		TEST(pvh_boots),
		TEST(pvh_is_refused),
		TEST(multiboot_boots),
		TEST(multiboot_loads_elf),
		TEST(multiboot_is_refused),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
