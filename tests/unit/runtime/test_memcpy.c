/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's memcpy: every short length at every alignment, and overlaps to the front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ROOM = 700, EDGE = 16 };

void *copy_under_test(void *to, const void *from, size_t n);

static unsigned char from[ROOM], to[ROOM];

static unsigned char byte(size_t i)
{
	return (unsigned char)(i * 37 + i / 256 + 1);
}

static void fill(void)
{
	for (size_t i = 0; i < ROOM; i++) {
		from[i] = byte(i);
		to[i] = 0;
	}
}

static void copies_exactly_what_it_should(void **state)
{
	(void)state;
	for (size_t n = 0; n < 300; n++)
		for (size_t a = 0; a < 8; a++)
			for (size_t b = 0; b < 8; b++) {
				fill();
				unsigned char *at = to + EDGE + a;
				assert_ptr_equal(copy_under_test(at, from + b, n), at);
				for (size_t i = 0; i < n + EDGE; i++)
					assert_int_equal(at[i], i < n ? byte(b + i) : 0);
				for (size_t i = 1; i <= EDGE; i++)
					assert_int_equal(*(at - i), 0);
			}
}

static void copies_to_overlapping_bytes_in_front(void **state)
{
	(void)state;
	for (size_t n = 0; n < 300; n++)
		for (size_t a = 0; a < 8; a++)
			for (size_t distance = 1; distance < 40; distance++) {
				fill();
				copy_under_test(from + a, from + a + distance, n);
				for (size_t i = 0; i < n; i++)
					assert_int_equal(from[a + i], byte(a + distance + i));
				assert_int_equal(from[a + n], byte(a + n));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_exactly_what_it_should),
		cmocka_unit_test(copies_to_overlapping_bytes_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
