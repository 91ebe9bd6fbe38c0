/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of the ELF files that the runtime's link scripts make: static x86-64 executables whose
 * segments start on pages. It trusts nothing in the file; after success every segment lies inside
 * the file and inside the address limit, and none overlaps another.
 */
#ifndef RT_ELF_H
#define RT_ELF_H

#include <stddef.h>
#include <vela/types.h>

#define RT_ELF_SEGMENTS_MAX 8u

/* X(name, text) */
#define RT_ELF_TABLE(X)                                                     \
	X(OK, "no error")                                                   \
	X(TOO_SHORT, "the file ends within its headers")                    \
	X(NOT_ELF, "not an ELF file")                                       \
	X(WRONG_KIND, "not a static 64-bit x86-64 executable")              \
	X(BAD_HEADERS, "its program headers are malformed")                 \
	X(NO_SEGMENT, "it has no segment to load")                          \
	X(SEGMENTS, "it has more segments than supported")                  \
	X(OUTSIDE_FILE, "a segment reaches beyond the end of the file")     \
	X(BAD_SIZE, "a segment is larger in the file than in memory")       \
	X(UNALIGNED, "a segment does not start on a page")                  \
	X(BAD_ADDRESS, "a segment lies outside the addresses for programs") \
	X(OVERLAP, "segments overlap or are out of order")                  \
	X(BAD_RIGHTS, "a segment is unreadable or both writable and code")  \
	X(BAD_ENTRY, "the entry point lies in no code segment")

enum rt_elf_status {
#define X(name, text) RT_ELF_##name,
	RT_ELF_TABLE(X)
#undef X
};

struct rt_elf_segment {
	uint64_t va;	       /* page aligned */
	uint64_t file_offset;  /* page aligned */
	uint64_t file_bytes;   /* the rest up to memory_bytes is zero */
	uint64_t memory_bytes; /* not 0 */
	unsigned rights;       /* VELA_MEM_R, W, X */
};

struct rt_elf {
	uint64_t entry;
	unsigned segments;
	struct rt_elf_segment segment[RT_ELF_SEGMENTS_MAX]; /* in ascending order of va */
};

/* Reads the file of size bytes at image. All segments must end at or below va_end. */
enum rt_elf_status rt_elf_read(struct rt_elf *elf, const void *image, size_t size, uint64_t va_end);

/* The end of the sentence "program X cannot be started: ". */
const char *rt_elf_text(enum rt_elf_status status);

#endif
