/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel and the root task rely on in the files that the link scripts make. Arguments: an
 * ordinary program and a root task.
 */
#include <rt/elf.h>
#include <rt/process.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct file {
	unsigned char *bytes;
	size_t size;
	struct rt_elf elf;
};

static struct file program, root;

static void read_file(struct file *f, const char *path, uint64_t va_end)
{
	FILE *stream = fopen(path, "rb");

	if (!stream) {
		fail_msg("%s cannot be opened", path);
		return;
	}
	assert_int_equal(fseek(stream, 0, SEEK_END), 0);
	f->size = (size_t)ftell(stream);
	rewind(stream);
	f->bytes = malloc(f->size);
	assert_non_null(f->bytes);
	assert_int_equal(fread(f->bytes, 1, f->size, stream), f->size);
	fclose(stream);
	assert_string_equal(rt_elf_text(rt_elf_read(&f->elf, f->bytes, f->size, va_end)),
			    rt_elf_text(RT_ELF_OK));
}

/* The reader has checked alignment, overlap, W^X and the entry. What is left: three segments with
 * the rights R, RX, RW from VELA_IMAGE_VA on. */
static void expect_image(const struct rt_elf *elf)
{
	const unsigned rights[] = { VELA_MEM_R, VELA_MEM_R | VELA_MEM_X, VELA_MEM_R | VELA_MEM_W };

	assert_true(elf->segments >= 3);
	assert_int_equal(elf->segment[0].va, VELA_IMAGE_VA);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(elf->segment[i].rights, rights[i]);
}

static void program_layout(void **state)
{
	(void)state;
	expect_image(&program.elf);
	assert_int_equal(program.elf.segments, 3);
	/* Its 128 KiB heap costs no space in the file. */
	assert_true(program.elf.segment[2].memory_bytes > 128 * 1024);
	assert_true(program.elf.segment[2].file_bytes < 16 * 1024);
}

static void root_layout(void **state)
{
	(void)state;
	const struct rt_elf_segment *s = root.elf.segment;

	expect_image(&root.elf);
	assert_int_equal(root.elf.segments, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(s[i].file_bytes, s[i].memory_bytes);
	assert_int_equal(s[2].memory_bytes % VELA_PAGE_SIZE, 0);
	assert_int_equal(s[3].va, VELA_STACK_TOP - VELA_STACK_BYTES);
	assert_int_equal(s[3].memory_bytes, VELA_STACK_BYTES);
	assert_int_equal(s[4].va, VELA_TLS_VA);
	assert_int_equal(s[4].memory_bytes, VELA_TLS_BYTES);
	for (unsigned i = 3; i < 5; i++)
		assert_int_equal(s[i].rights, VELA_MEM_R | VELA_MEM_W);
}

/* Stack and TLS page of the root start zeroed, as every process's do. */
static void root_pages_are_zero(void **state)
{
	(void)state;
	for (unsigned i = 3; i < 5; i++) {
		const struct rt_elf_segment *s = &root.elf.segment[i];
		for (uint64_t at = 0; at < s->file_bytes; at++)
			assert_int_equal(root.bytes[s->file_offset + at], 0);
	}
}

static const char *program_path, *root_path;

static int setup(void **state)
{
	(void)state;
	read_file(&program, program_path, RT_STATUS_VA);
	read_file(&root, root_path, VELA_USER_END);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(program.bytes);
	free(root.bytes);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_layout),
		cmocka_unit_test(root_layout),
		cmocka_unit_test(root_pages_are_zero),
	};

	if (argc < 3)
		return 2;
	program_path = argv[1];
	root_path = argv[2];
	return cmocka_run_group_tests_name("runtime/layout", tests, setup, teardown);
}
