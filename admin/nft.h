/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libnftables: the library that the ld.so cache names, so the facade where it is installed. */
#ifndef NA_NFT_H
#define NA_NFT_H

#include <jansson.h>
#include <stdbool.h>

enum na_form {
	NA_TEXT = 0,
	NA_JSON = 1 << 0,
	NA_TERSE = 1 << 1, /* without the elements of named sets */
	NA_HANDLES = 1 << 2,
	NA_STATELESS = 1 << 3,
};

/**
 * na_nft() - run one command
 * @err:	if not NULL, the messages; the caller frees them
 *
 * The output, which the caller frees; NULL if the command fails.
 */
char *na_nft(const char *cmd, unsigned int form, char **err);

/** na_nft_json() - the array of a command's JSON output; NULL if it fails */
json_t *na_nft_json(const char *cmd, unsigned int form, char **err);

/** na_nft_file() - load a file; 0, or -EINVAL with the messages in *@err, which the caller frees */
int na_nft_file(const char *path, bool dry, char **err);

/** na_nft_knows_quic() - does this process's libnftables know the keyword quic */
bool na_nft_knows_quic(void);

/**
 * na_nft_facade() - the version of the facade that this process has
 *
 * NULL if it has none, "unknown" if it is of before facades told their version.
 */
const char *na_nft_facade(void);

#endif
