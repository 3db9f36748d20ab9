// SPDX-License-Identifier: GPL-2.0-or-later
/* Linked with a program: NQ_SIMD says which way its core goes, off or narrow (without 256 bits). */
#include <stdlib.h>
#include <string.h>
#include "port.h"

static void __attribute__((constructor)) simd_by_env(void)
{
	const char *simd = getenv("NQ_SIMD");

	if (simd)
		nq_simd_allow(strcmp(simd, "off") ? NQ_SIMD_AES | NQ_SIMD_SHA : 0);
}
