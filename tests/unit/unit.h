/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included by every unit test: cmocka, and how its results are printed. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "port.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/** UNIT_MAIN - run these tests; TAP to stdout. NQ_SIMD is off or narrow: do without vectors, or
 * with 128 bits. */
#define UNIT_MAIN(group, ...)                                                                      \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		const char *simd = getenv("NQ_SIMD");                                              \
                                                                                                   \
		if (simd)                                                                          \
			nq_simd_allow(strcmp(simd, "off") ? NQ_SIMD_AES | NQ_SIMD_SHA : 0);        \
		cmocka_set_message_output(CM_OUTPUT_TAP);                                          \
		return cmocka_run_group_tests_name(group, tests, NULL, NULL);                      \
	}

#endif /* UNIT_H */
