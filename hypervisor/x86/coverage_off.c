/* SPDX-License-Identifier: Apache-2.0 */
/* Builds without coverage have no profile. */
#include <arch/coverage.h>

bool coverage_write(void)
{
	return false;
}
