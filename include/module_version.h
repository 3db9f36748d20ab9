/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loaded module's version, for all that print their own. */
#ifndef MODULE_VERSION_H
#define MODULE_VERSION_H

#include <stdio.h>
#include <string.h>

/** module_version_put() - "module 0.1", and that it is another than @own if it is so */
static inline void module_version_put(FILE *out, const char *own)
{
	FILE *f = fopen("/sys/module/nft_quic/version", "re");
	char text[64] = "";

	if (f && fgets(text, sizeof(text), f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
	if (!*text)
		fputs("module not loaded", out);
	else
		fprintf(out, "module %s%s", text,
			strcmp(text, own) ? ", another version than this" : "");
}

#endif
