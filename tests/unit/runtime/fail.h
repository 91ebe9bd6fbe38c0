/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to end, as values of rt_info.slot. */
#ifndef FAIL_H
#define FAIL_H

enum { FAIL_ABORT, FAIL_ASSERT, FAIL_OVERRUN, FAIL_FATAL, FAIL_EXIT, FAIL_REPORT };

#endif
