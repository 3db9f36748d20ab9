// SPDX-License-Identifier: GPL-2.0-or-later
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "got.h"
#include "hooks.h"
#include "join.h"
#include "literal.h"
#include "real.h"
#include "rule.h"
#include "run.h"
#include "shorts.h"
#include "udata.h"

/* A batch has this much room behind its fill mark (libnftables allocates it so). */
#define MSG_ROOM 65535

static __thread struct nx_run *current;

struct nx_run *nx_hooks_enter(struct nx_run *run)
{
	struct nx_run *old = current;

	current = run;
	return old;
}

static FILE *hook_fopen(const char *name, const char *mode)
{
	FILE *f = current && mode[0] == 'r' ? nx_run_fopen(current, name) : NULL;

	return f ? f : fopen(name, mode);
}

static ssize_t hook_read(int fd, void *buf, size_t len)
{
	struct nx_run *run = current;
	size_t left;

	if (fd != STDIN_FILENO || !run || !run->input)
		return read(fd, buf, len);
	left = run->input_len - run->input_pos;
	if (len > left)
		len = left;
	memcpy(buf, run->input + run->input_pos, len);
	run->input_pos += len;
	return len;
}

static bool is_batch(const struct msghdr *msg)
{
	const struct nlmsghdr *nlh;

	if (!msg->msg_iovlen || msg->msg_iov[0].iov_len < sizeof(*nlh))
		return false;
	nlh = msg->msg_iov[0].iov_base;
	return nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN;
}

/* quic is in play: what the library prints from now on is ours to translate. */
static void divert(void)
{
	if (nx_ctx_divert(current->ctx))
		nx_run_note(current, "quic: %s", strerror(ENOMEM));
}

/* The last moment before the kernel changes: stop if a set is not what was assumed. */
static ssize_t hook_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (current && is_batch(msg)) {
		if (current->failed || nx_run_stale(current)) {
			errno = ECANCELED;
			return -1;
		}
		if (current->lang.bulk)
			return nx_join_send(current->lang.bulk, fd, msg, flags);
	}
	return sendmsg(fd, msg, flags);
}

static void hook_rule_build(struct nlmsghdr *nlh, struct nftnl_rule *rule)
{
	unsigned int n;
	int rc;

	nftnl_rule_nlmsg_build_payload(nlh, rule);
	if (!current)
		return;
	rc = nx_rule_out(nlh, MSG_ROOM, &current->ctx->slots, &n);
	if (rc == -EINVAL)
		nx_run_note(current, "quic: this use of a name is not possible in a rule");
	else if (rc)
		nx_run_note(current, "quic: cannot build the rule: %s", strerror(-rc));
	current->nquic += n;
	if (n)
		divert();
}

static int hook_rule_parse(const struct nlmsghdr *nlh, struct nftnl_rule *rule)
{
	struct nx_buf msg = NX_BUF_INIT;
	int rc, ret;

	rc = current ? nx_rule_in(nlh, &msg, &current->ctx->slots) : 0;
	if (rc)
		divert();
	ret = nftnl_rule_nlmsg_parse(rc > 0 ? (const struct nlmsghdr *)msg.p : nlh, rule);
	nx_buf_free(&msg);
	if (rc < 0)
		nx_run_note(current, "quic: a rule in the kernel cannot be shown: %s",
			    rc == -EINVAL ? "it was made by a newer nft-quic" : strerror(-rc));
	return ret;
}

/* In concatenations with intervals the kernel takes no part that is wider than this. */
#define INTERVAL_PART_MAX 16

/* An anonymous map has no typeof of its data. */
static void name_data(struct nftnl_set *set)
{
	struct nx_buf b = NX_BUF_INIT;
	uint32_t len = 0, flags = nftnl_set_get_u32(set, NFTNL_SET_FLAGS);
	const void *udata = nftnl_set_get_data(set, NFTNL_SET_USERDATA, &len);

	if (!udata || !(flags & NFT_SET_MAP) || flags & NFT_SET_OBJECT)
		return;
	if (!nx_real()->can.lists_range_maps && nx_udata_ranges(udata, len))
		nx_run_note(
			current,
			"quic: this libnftables cannot list a map from a concatenation to ranges");
	if (!nx_udata_name_data(&b, udata, len, nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE),
				nftnl_set_get_u32(set, NFTNL_SET_DATA_LEN)))
		return;
	if (b.oom || b.len > NFT_USERDATA_MAXLEN ||
	    nftnl_set_set_data(set, NFTNL_SET_USERDATA, b.p, b.len))
		nx_run_note(current, "quic: cannot describe the map: %s",
			    b.oom ? strerror(ENOMEM) : "too many parts");
	nx_buf_free(&b);
}

static void hook_set_build(struct nlmsghdr *nlh, struct nftnl_set *set)
{
	const uint8_t *part;
	uint32_t n = 0;

	if (current)
		name_data(set);
	nftnl_set_nlmsg_build_payload(nlh, set);
	if (!current || !(nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_INTERVAL))
		return;
	part = nftnl_set_get_data(set, NFTNL_SET_DESC_CONCAT, &n);
	for (uint32_t i = 0; part && i < n; i++)
		current->wide_interval |= part[i] > INTERVAL_PART_MAX;
	if (current->wide_interval)
		divert();
}

static int hook_set_parse(const struct nlmsghdr *nlh, struct nftnl_set *set)
{
	int ret = nftnl_set_nlmsg_parse(nlh, set);
	struct nx_layout layout;
	struct nx_set_id id;
	const void *udata;
	uint32_t len = 0;

	if (ret < 0 || !current || !nftnl_set_is_set(set, NFTNL_SET_NAME) ||
	    !nftnl_set_is_set(set, NFTNL_SET_TABLE))
		return ret;
	udata = nftnl_set_get_data(set, NFTNL_SET_USERDATA, &len);
	nx_udata_layout(udata, udata ? len : 0, &layout);
	if (nx_layout_quic(&layout))
		divert();
	id.family = nx_family_name(nftnl_set_get_u32(set, NFTNL_SET_FAMILY));
	id.table = nftnl_set_get_str(set, NFTNL_SET_TABLE);
	id.table_len = strlen(id.table);
	id.set = nftnl_set_get_str(set, NFTNL_SET_NAME);
	id.set_len = strlen(id.set);
	if (nx_layouts_put(&current->ctx->layouts, &id, &layout))
		nx_run_note(current, "quic: %s", strerror(ENOMEM));
	return ret;
}

/*
 * Numbers from text are made by GMP. A server name has 128 digits, most of them
 * zeros, and stock nft spends more time on these than on all the rest of an element; so elements'
 * names come as words, and become numbers here. Optional: without these hooks they are digits.
 */
static struct {
	int (*set_str)(void *num, const char *s, int base);
	void (*import)(void *num, size_t count, int order, size_t size, int endian, size_t nails,
		       const void *data);
	void *(*export)(void *to, size_t *count, int order, size_t size, int endian, size_t nails,
			const void *num);
	size_t (*bits)(const void *num, int base);
	void *library;
	pthread_once_t once;
} gmp = {.once = PTHREAD_ONCE_INIT};

/* At the first number, for many runs have none. The library calls two of them, so these are there.
 */
static void gmp_find(void)
{
	*(void **)&gmp.set_str = dlsym(gmp.library, "__gmpz_set_str");
	*(void **)&gmp.import = dlsym(gmp.library, "__gmpz_import");
	*(void **)&gmp.export = dlsym(gmp.library, "__gmpz_export");
	*(void **)&gmp.bits = dlsym(gmp.library, "__gmpz_sizeinbase");
}

static int hook_set_str(void *num, const char *s, int base)
{
	uint64_t b[NFT_QUIC_SNI_LEN / sizeof(uint64_t)];
	size_t n = current ? nx_short_get(&current->lang.shorts, s, (uint8_t *)b) : 0;

	pthread_once(&gmp.once, gmp_find);
	if (!n || n % sizeof(*b) || !gmp.import)
		return gmp.set_str(num, s, base);
	gmp.import(num, n / sizeof(*b), 1, sizeof(*b), 1, 0, b);
	return 0;
}

/*
 * nft has a value written as one word of 64 bytes, which GMP does byte by byte; GMP's own words it
 * writes as they are, if they are aligned, and nft's are not.
 */
static void *hook_export(void *to, size_t *count, int order, size_t size, int endian, size_t nails,
			 const void *num)
{
	uint64_t b[NFT_QUIC_SNI_LEN / sizeof(uint64_t)];
	const size_t word = sizeof(*b);
	size_t len;

	pthread_once(&gmp.once, gmp_find);
	if (!gmp.bits || !to || count || order != 1 || endian != 1 || nails || size <= word ||
	    size % word || size > sizeof(b))
		return gmp.export(to, count, order, size, endian, nails, num);
	len = (gmp.bits(num, 2) + 63) / 64 * word;
	if (len > size)
		return gmp.export(to, count, order, size, endian, nails, num);
	memset(b, 0, size); /* of zero GMP writes nothing */
	gmp.export((char *)b + size - len, NULL, 1, word, 1, 0, num);
	return memcpy(to, b, size);
}

const char *nx_hooks_install(const struct link_map *map, void *handle, struct nx_abilities *can)
{
	struct nx_patch patch[] = {
		{"fopen", hook_fopen, false, 0},
		{"read", hook_read, false, 0},
		{"sendmsg", hook_sendmsg, false, 0},
		{"nftnl_rule_nlmsg_build_payload", hook_rule_build, false, 0},
		{"nftnl_rule_nlmsg_parse", hook_rule_parse, false, 0},
		{"nftnl_set_nlmsg_build_payload", hook_set_build, false, 0},
		{"nftnl_set_nlmsg_parse", hook_set_parse, false, 0},
		/* called for nothing but the folder of a file's includes */
		{"dirname", NULL, true, 0},
		{"__gmpz_set_str", hook_set_str, true, 0},
		{"__gmpz_export", hook_export, true, 0},
	};
	const size_t n = sizeof(patch) / sizeof(patch[0]), numbers = n - 2;
	const char *why = nx_got_patch(map, patch, n);

	gmp.library = handle;
	can->basedir = patch[numbers - 1].found;
	can->short_names = patch[numbers].found;
	return why;
}
