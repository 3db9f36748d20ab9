// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* In the child: a mark, then the output or the messages. */
static void answer(int fd, const char *cmd, unsigned int form)
{
	char *err, *out = na_nft(cmd, form, &err);
	const char *text = out ? out : err ? err : "";
	size_t len = strlen(text);
	ssize_t n = write(fd, out ? "+" : "-", 1);

	for (size_t at = 0; n > 0 && at < len; at += n > 0 ? (size_t)n : 0)
		n = write(fd, text + at, len - at);
	_exit(n < 0);
}

/*
 * The same in a process of its own: of rules with a word that is no UTF-8, as the name of a device
 * may be, libnftables makes no JSON but abort()s.
 */
static char *run_apart(const char *cmd, unsigned int form, char **err)
{
	static const struct rlimit none = {0};
	char *text = NULL, *out = NULL;
	int fds[2], status = -1;
	pid_t pid = pipe2(fds, O_CLOEXEC) ? -1 : fork();

	*err = NULL;
	if (pid < 0) {
		*err = na_printf("no process for it: %s", strerror(errno));
		return NULL;
	}
	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		answer(fds[1], cmd, form);
	}
	close(fds[1]);
	text = na_read_pipe(fds[0]);
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status || !text || !*text)
		*err = na_printf("libnftables breaks off as it makes JSON of them; a name in them "
				 "may be no UTF-8");
	else if (*text == '+')
		out = na_need(strdup(text + 1));
	else
		*err = na_need(strdup(text + 1));
	free(text);
	return out;
}

json_t *na_nft_json(const char *cmd, unsigned int form, char **err)
{
	char *why, *text = run_apart(cmd, form | NA_JSON, &why);
	json_t *root, *list;

	if (err)
		*err = why;
	else
		free(why);
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
