/* SPDX-License-Identifier: Apache-2.0 */
/* The ELF reader: a correct file, and for each status a file with one thing wrong. */
#include <elf.h>
#include <rt/elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VA_END 0x10000000ull

struct image {
	Elf64_Ehdr file;
	Elf64_Phdr program[10];
	unsigned char rest[16384 - sizeof(Elf64_Ehdr) - 10 * sizeof(Elf64_Phdr)];
};

/* Three segments at 0x400000, 0x401000 and 0x403000, the last with 0x2345 zero bytes, then a stack
 * note that the reader has to pass over. */
static struct image good(void)
{
	struct image i = {
		.file = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = 0x401010,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 4,
		},
		.program = {
			{ PT_LOAD, PF_R, 0, 0x400000, 0, 0x800, 0x800, 4096 },
			{ PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x1800, 0x1800, 4096 },
			{ PT_LOAD, PF_R | PF_W, 0x3000, 0x403000, 0, 0x1000, 0x3345, 4096 },
			{ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 0 },
		},
	};
	return i;
}

/* Reads from a heap block of exactly this size, so that the sanitizer sees a step beyond it. */
static enum rt_elf_status read_bytes(const void *bytes, size_t size, struct rt_elf *elf)
{
	unsigned char *copy = malloc(size ? size : 1);
	enum rt_elf_status s;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	s = rt_elf_read(elf, copy, size, VA_END);
	free(copy);
	return s;
}

static void expect(const struct image *i, enum rt_elf_status status)
{
	struct rt_elf elf;

	assert_string_equal(rt_elf_text(read_bytes(i, sizeof *i, &elf)), rt_elf_text(status));
}

static void reads_a_good_file(void **state)
{
	(void)state;
	struct image i = good();
	struct rt_elf elf;

	assert_int_equal(read_bytes(&i, sizeof i, &elf), RT_ELF_OK);
	assert_int_equal(elf.entry, 0x401010);
	assert_int_equal(elf.segments, 3);
	assert_int_equal(elf.segment[0].rights, VELA_MEM_R);
	assert_int_equal(elf.segment[1].rights, VELA_MEM_R | VELA_MEM_X);
	assert_int_equal(elf.segment[1].va, 0x401000);
	assert_int_equal(elf.segment[1].file_offset, 0x1000);
	assert_int_equal(elf.segment[2].rights, VELA_MEM_R | VELA_MEM_W);
	assert_int_equal(elf.segment[2].file_bytes, 0x1000);
	assert_int_equal(elf.segment[2].memory_bytes, 0x3345);
}

/* Every shorter file is refused. */
static void refuses_truncation(void **state)
{
	(void)state;
	struct image i = good();
	struct rt_elf elf;

	for (size_t size = 0; size < 0x4000; size += size < 512 ? 1 : 61) {
		enum rt_elf_status s = read_bytes(&i, size, &elf);
		if (size < 4)
			assert_int_equal(s, RT_ELF_NOT_ELF);
		else if (size < sizeof i.file + 4 * sizeof(Elf64_Phdr))
			assert_int_equal(s, RT_ELF_TOO_SHORT);
		else
			assert_int_equal(s, RT_ELF_OUTSIDE_FILE);
	}
}

#define WRONG(status, change)                \
	do {                                 \
		struct image i = good();     \
		change;                      \
		expect(&i, RT_ELF_##status); \
	} while (0)

static void refuses_other_files(void **state)
{
	(void)state;
	WRONG(NOT_ELF, i.file.e_ident[0] = 0x7e);
	WRONG(NOT_ELF, i.file.e_ident[3] = 'G');
	WRONG(WRONG_KIND, i.file.e_ident[EI_CLASS] = ELFCLASS32);
	WRONG(WRONG_KIND, i.file.e_ident[EI_DATA] = ELFDATA2MSB);
	WRONG(WRONG_KIND, i.file.e_ident[EI_VERSION] = 2);
	WRONG(WRONG_KIND, i.file.e_type = ET_DYN);
	WRONG(WRONG_KIND, i.file.e_machine = EM_AARCH64);
	WRONG(WRONG_KIND, i.file.e_version = 0);
	WRONG(WRONG_KIND, i.program[3].p_type = PT_DYNAMIC);
	WRONG(WRONG_KIND, i.program[3].p_type = PT_INTERP);
}

static void refuses_bad_headers(void **state)
{
	(void)state;
	WRONG(BAD_HEADERS, i.file.e_phentsize = 32);
	WRONG(TOO_SHORT, i.file.e_phoff = UINT64_MAX);
	WRONG(TOO_SHORT, i.file.e_phoff = UINT64_MAX - 55);
	WRONG(TOO_SHORT, i.file.e_phoff = sizeof i - 4 * sizeof(Elf64_Phdr) + 1);
	WRONG(TOO_SHORT, i.file.e_phnum = 0xffff);
	WRONG(NO_SEGMENT, i.file.e_phnum = 0);
	WRONG(NO_SEGMENT, i.program[0].p_type = i.program[1].p_type = i.program[2].p_type = 0);
}

static void refuses_bad_segments(void **state)
{
	(void)state;
	WRONG(OUTSIDE_FILE, i.program[2].p_filesz = 0x1001);
	WRONG(OUTSIDE_FILE, i.program[2].p_offset = UINT64_MAX - 0xfff);
	WRONG(OUTSIDE_FILE, i.program[2].p_filesz = UINT64_MAX);
	WRONG(BAD_SIZE, i.program[2].p_memsz = 0xfff);
	WRONG(BAD_SIZE, i.program[2].p_filesz = i.program[2].p_memsz = 0);
	WRONG(UNALIGNED, i.program[2].p_vaddr = 0x403010);
	WRONG(UNALIGNED, i.program[2].p_offset = 0x2800);
	WRONG(BAD_ADDRESS, i.program[0].p_vaddr = 0);
	WRONG(BAD_ADDRESS, i.program[0].p_vaddr = 0x3ff000);
	WRONG(BAD_ADDRESS, i.program[2].p_vaddr = VA_END);
	WRONG(BAD_ADDRESS, i.program[2].p_vaddr = VA_END - 0x3000);
	WRONG(BAD_ADDRESS, i.program[2].p_vaddr = 0xfffffffffffff000ull);
	WRONG(BAD_ADDRESS, i.program[2].p_memsz = UINT64_MAX);
	WRONG(OVERLAP, i.program[2].p_vaddr = 0x402000); /* shares a page */
	WRONG(OVERLAP, i.program[0].p_vaddr = 0x405000);
	WRONG(OVERLAP, i.program[1].p_vaddr = 0x400000);
	WRONG(BAD_RIGHTS, i.program[1].p_flags = PF_R | PF_W | PF_X);
	WRONG(BAD_RIGHTS, i.program[1].p_flags = PF_X);
}

static void refuses_bad_entry(void **state)
{
	(void)state;
	WRONG(BAD_ENTRY, i.file.e_entry = 0);
	WRONG(BAD_ENTRY, i.file.e_entry = 0x400010);
	WRONG(BAD_ENTRY, i.file.e_entry = 0x402800);
	WRONG(BAD_ENTRY, i.file.e_entry = 0x403000);
	WRONG(OK, i.file.e_entry = 0x4027ff);
	/* Code that is not in the file is no place to start. */
	WRONG(BAD_ENTRY, i.program[1].p_filesz = 0x10);
}

static void limits_the_number_of_segments(void **state)
{
	(void)state;
	struct image i = good();

	for (unsigned n = 3; n < 10; n++)
		i.program[n] = (Elf64_Phdr){ PT_LOAD, PF_R,   0,      0x500000 + n * 0x1000,
					     0,	      0x1000, 0x1000, 4096 };
	i.file.e_phnum = RT_ELF_SEGMENTS_MAX;
	expect(&i, RT_ELF_OK);
	i.file.e_phnum = RT_ELF_SEGMENTS_MAX + 1;
	expect(&i, RT_ELF_SEGMENTS);
}

static void every_status_has_its_own_text(void **state)
{
	(void)state;
	for (unsigned a = 0; a <= RT_ELF_BAD_ENTRY; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(rt_elf_text(a), rt_elf_text(b));
	assert_string_equal(rt_elf_text(RT_ELF_BAD_ENTRY + 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_good_file),
		cmocka_unit_test(refuses_truncation),
		cmocka_unit_test(refuses_other_files),
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(refuses_bad_segments),
		cmocka_unit_test(refuses_bad_entry),
		cmocka_unit_test(limits_the_number_of_segments),
		cmocka_unit_test(every_status_has_its_own_text),
	};

	return cmocka_run_group_tests_name("runtime/elf", tests, NULL, NULL);
}
