// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static struct nft_ctx *open_ctx(unsigned int form)
{
	struct nft_ctx *ctx = na_need(nft_ctx_new(NFT_CTX_DEFAULT));
	unsigned int flags = NFT_CTX_OUTPUT_NUMERIC_PROTO;

	if (form & NA_JSON)
		flags = NFT_CTX_OUTPUT_JSON;
	if (form & NA_TERSE)
		flags |= NFT_CTX_OUTPUT_TERSE;
	if (form & NA_HANDLES)
		flags |= NFT_CTX_OUTPUT_HANDLE;
	if (form & NA_STATELESS)
		flags |= NFT_CTX_OUTPUT_STATELESS;
	nft_ctx_output_set_flags(ctx, flags);
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	return ctx;
}

char *na_nft(const char *cmd, unsigned int form, char **err)
{
	struct nft_ctx *ctx = open_ctx(form);
	char *out = NULL;

	if (err)
		*err = NULL;
	if (nft_run_cmd_from_buffer(ctx, cmd) == 0)
		out = na_need(strdup(nft_ctx_get_output_buffer(ctx)));
	else if (err)
		*err = na_need(strdup(nft_ctx_get_error_buffer(ctx)));
	nft_ctx_free(ctx);
	return out;
}

json_t *na_nft_json(const char *cmd, unsigned int form, char **err)
{
	char *text = na_nft(cmd, form | NA_JSON, err);
	json_t *root, *list;

	if (!text)
		return NULL;
	root = json_loads(text, 0, NULL);
	free(text);
	list = json_incref(json_object_get(root, "nftables"));
	json_decref(root);
	if (!list && err)
		*err = na_printf("its JSON cannot be read");
	return list;
}

int na_nft_file(const char *path, bool dry, char **err)
{
	struct nft_ctx *ctx = open_ctx(NA_TEXT);
	int rc;

	nft_ctx_set_dry_run(ctx, dry);
	rc = nft_run_cmd_from_filename(ctx, path);
	*err = rc ? na_need(strdup(nft_ctx_get_error_buffer(ctx))) : NULL;
	nft_ctx_free(ctx);
	return rc ? -EINVAL : 0;
}

bool na_nft_knows_quic(void)
{
	char *out = na_nft("describe quic alpn", NA_TEXT, NULL);
	bool knows = out && !strncmp(out, "quic expression", 15);

	free(out);
	return knows;
}

const char *na_nft_facade(void)
{
	static const char before[] = "libnftables of nft-quic ";
	const char *text = dlsym(RTLD_DEFAULT, "nft_quic_facade_version");

	if (text && !strncmp(text, before, strlen(before)))
		return text + strlen(before);
	return text || dlsym(RTLD_DEFAULT, "nft_quic_facade") ? "unknown" : NULL;
}
