/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every device test includes: cmocka with the headers it needs first, and the zoo.
 */
#ifndef TEST_DEVICE_TEST_H
#define TEST_DEVICE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zoo.h"

#endif
