/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka, with the headers that it needs in front, and TAP as its output. */
#ifndef QUICD_TEST_TAP_H
#define QUICD_TEST_TAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define RUN_TAP(tests)                                                                             \
	(cmocka_set_message_output(CM_OUTPUT_TAP),                                                 \
	 cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL))

#endif
