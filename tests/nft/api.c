// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program on the public API of libnftables, of whichever library is found first:
 *
 *	api file PATH COMMAND	output goes to a file; how much of it is there before any fflush
 *	api fork COMMAND	after a run, a child has another and exits, then the parent
 *	api born COMMAND	the same with a context that has had no run
 *	api held COMMAND	buffered, then not, with a text of the program's own around each
 *	api end COMMAND		what it returns to end what was not begun, or has been ended
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct nft_ctx;

/** struct api - the functions that are used */
static struct api {
	struct nft_ctx *(*nft_ctx_new)(uint32_t flags);
	void (*nft_ctx_free)(struct nft_ctx *ctx);
	FILE *(*nft_ctx_set_output)(struct nft_ctx *ctx, FILE *fp);
	int (*nft_ctx_buffer_output)(struct nft_ctx *ctx);
	int (*nft_ctx_unbuffer_output)(struct nft_ctx *ctx);
	int (*nft_ctx_buffer_error)(struct nft_ctx *ctx);
	int (*nft_ctx_unbuffer_error)(struct nft_ctx *ctx);
	const char *(*nft_ctx_get_output_buffer)(struct nft_ctx *ctx);
	int (*nft_run_cmd_from_buffer)(struct nft_ctx *ctx, const char *cmd);
} api;

static bool load(void)
{
	void *lib = dlopen("libnftables.so.1", RTLD_NOW);

	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
#define LOAD(name) *(void **)&api.name = dlsym(lib, #name)
	LOAD(nft_ctx_new);
	LOAD(nft_ctx_free);
	LOAD(nft_ctx_set_output);
	LOAD(nft_ctx_buffer_output);
	LOAD(nft_ctx_unbuffer_output);
	LOAD(nft_ctx_buffer_error);
	LOAD(nft_ctx_unbuffer_error);
	LOAD(nft_ctx_get_output_buffer);
	LOAD(nft_run_cmd_from_buffer);
	return true;
}

static int to_file(struct nft_ctx *ctx, const char *path, const char *cmd)
{
	FILE *f = fopen(path, "w");
	struct stat st;
	int rc;

	if (!f || api.nft_ctx_set_output(ctx, f) != stdout || api.nft_ctx_set_output(ctx, NULL))
		return 2;
	rc = api.nft_run_cmd_from_buffer(ctx, cmd);
	if (fstat(fileno(f), &st))
		return 2;
	printf("%d %lld\n", rc, (long long)st.st_size);
	if (api.nft_ctx_set_output(ctx, stdout) != f || fclose(f))
		return 2;
	return 0;
}

static int forked(struct nft_ctx *ctx, const char *cmd, bool used)
{
	pid_t pid;

	if (used)
		api.nft_run_cmd_from_buffer(ctx, cmd);
	pid = fork();
	if (!pid) {
		api.nft_run_cmd_from_buffer(ctx, cmd);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		return 2;
	return api.nft_run_cmd_from_buffer(ctx, cmd) ? 1 : 0;
}

static int held(struct nft_ctx *ctx, const char *cmd)
{
	for (int i = 0; i < 2; i++) {
		printf("begin %d\n", api.nft_ctx_buffer_output(ctx));
		api.nft_run_cmd_from_buffer(ctx, cmd);
		printf("kept %s", api.nft_ctx_get_output_buffer(ctx));
		printf("end %d\n", api.nft_ctx_unbuffer_output(ctx));
		api.nft_run_cmd_from_buffer(ctx, cmd);
	}
	return 0;
}

static int ended(struct nft_ctx *ctx, const char *cmd)
{
	for (int i = 0; i < 2; i++) {
		printf("output %d %d\n", api.nft_ctx_unbuffer_output(ctx),
		       api.nft_ctx_buffer_output(ctx));
		printf("error %d %d\n", api.nft_ctx_unbuffer_error(ctx),
		       api.nft_ctx_buffer_error(ctx));
		printf("run %d\n", api.nft_run_cmd_from_buffer(ctx, cmd));
		for (int n = 0; n < 2; n++)
			printf("end %d %d\n", api.nft_ctx_unbuffer_output(ctx),
			       api.nft_ctx_unbuffer_error(ctx));
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct nft_ctx *ctx;
	int rc = 2;

	if (argc < 3 || !load())
		return 2;
	ctx = api.nft_ctx_new(0);
	if (!ctx)
		return 2;
	if (!strcmp(argv[1], "file") && argc == 4)
		rc = to_file(ctx, argv[2], argv[3]);
	else if (!strcmp(argv[1], "fork"))
		rc = forked(ctx, argv[2], true);
	else if (!strcmp(argv[1], "born"))
		rc = forked(ctx, argv[2], false);
	else if (!strcmp(argv[1], "held"))
		rc = held(ctx, argv[2]);
	else if (!strcmp(argv[1], "end"))
		rc = ended(ctx, argv[2]);
	api.nft_ctx_free(ctx);
	return rc;
}
