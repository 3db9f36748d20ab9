// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The messages that nft sends to the kernel, as text that does not depend on this machine's byte
 * order, and what it prints of the same messages. The kernel is this program: libmnl finds its
 * functions of a netlink socket before the C library's. It keeps each message of a batch and
 * answers dumps with them.
 *
 *	wire FILE		a command a line
 *
 * Printed are, of each command, the attributes of its messages, its errors and its end; of a rule
 * also how nft lists it from these, in its language and in JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#define MAX_FDS	 64
#define MAX_KEPT 4096

static int far_end[MAX_FDS]; /* of a netlink socket, by its number; 0: another file */
static struct nlmsghdr *kept[MAX_KEPT];
static size_t nkept;
static uint32_t generation = 1;

static bool is_netlink(int fd)
{
	return fd >= 0 && fd < MAX_FDS && far_end[fd];
}

/* The messages as text. */

static void indent(int depth)
{
	printf("%*s", 2 * depth, "");
}

/* nftables' userdata: type and length of a byte each; numbers are in the machine's order. */
static bool is_udata(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (len - at >= 2 && 2u + p[at + 1] <= len - at)
		at += 2 + p[at + 1];
	return len && at == len;
}

static void print_bytes(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

static void print_udata(const uint8_t *p, size_t len, int depth)
{
	for (size_t at = 0; at < len; at += 2 + p[at + 1]) {
		const uint8_t *v = p + at + 2;
		size_t n = p[at + 1];
		uint32_t number;

		indent(depth);
		printf("udata %u: ", p[at]);
		if (n == sizeof(number)) {
			memcpy(&number, v, n);
			printf("%u\n", number);
		} else if (is_udata(v, n)) {
			putchar('\n');
			print_udata(v, n, depth + 1);
		} else {
			print_bytes(v, n);
		}
	}
}

/* Where a message of this type has userdata: an attribute's type, and how deep it is. */
static int udata_attr(int type)
{
	return type == NFT_MSG_NEWSET	    ? NFTA_SET_USERDATA
	       : type == NFT_MSG_NEWSETELEM ? NFTA_SET_ELEM_USERDATA
					    : -1;
}

static int udata_depth(int type)
{
	return type == NFT_MSG_NEWSETELEM ? 4 : 2;
}

static void print_attrs(const void *from, size_t len, int depth, int type)
{
	const struct nlattr *a = from;

	for (; mnl_attr_ok(a, (int)((const char *)from + len - (const char *)a));
	     a = mnl_attr_next(a)) {
		const uint8_t *p = mnl_attr_get_payload(a);
		size_t n = mnl_attr_get_payload_len(a);

		indent(depth);
		printf("%u: ", mnl_attr_get_type(a));
		if (a->nla_type & NLA_F_NESTED) {
			putchar('\n');
			print_attrs(p, n, depth + 1, type);
		} else if (depth == udata_depth(type) && mnl_attr_get_type(a) == udata_attr(type) &&
			   is_udata(p, n)) {
			putchar('\n');
			print_udata(p, n, depth + 1);
		} else {
			print_bytes(p, n);
		}
	}
}

static void print_message(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	printf("  message %u flags 0x%x family %u\n", nlh->nlmsg_type & 0xff, nlh->nlmsg_flags,
	       nfg->nfgen_family);
	print_attrs(mnl_nlmsg_get_payload_offset(nlh, sizeof(*nfg)),
		    mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(*nfg)), 2,
		    nlh->nlmsg_type & 0xff);
}

/* The kernel. */

static void answer(int fd, const void *p, size_t len)
{
	if (write(far_end[fd], p, len) != (ssize_t)len)
		abort();
}

static struct nlmsghdr *begin(char *buf, const struct nlmsghdr *to, int type, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = to->nlmsg_seq;
	return nlh;
}

static void answer_number(int fd, const struct nlmsghdr *to, int type, int flags, int number)
{
	char buf[256];
	struct nlmsghdr *nlh = begin(buf, to, type, flags);
	int *p = mnl_nlmsg_put_extra_header(nlh, type == NLMSG_ERROR ? sizeof(struct nlmsgerr)
								     : sizeof(int));

	*p = number;
	if (type == NLMSG_ERROR)
		((struct nlmsgerr *)p)->msg = *to;
	answer(fd, nlh, nlh->nlmsg_len);
}

static const char *string_of(const struct nlmsghdr *nlh, int type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_str(a);
	}
	return "";
}

/* A name that is asked for is the one that a message has. */
static bool agrees(const struct nlmsghdr *nlh, const struct nlmsghdr *to, int type)
{
	const char *want = string_of(to, type);

	return !*want || !strcmp(want, string_of(nlh, type));
}

static bool asked(const struct nlmsghdr *nlh, const struct nlmsghdr *to)
{
	const struct nfgenmsg *has = mnl_nlmsg_get_payload(nlh), *want = mnl_nlmsg_get_payload(to);
	int type = to->nlmsg_type & 0xff;

	if ((nlh->nlmsg_type & 0xff) + 1 != type || !agrees(nlh, to, NFTA_TABLE_NAME))
		return false;
	if (want->nfgen_family && want->nfgen_family != has->nfgen_family)
		return false;
	return type == NFT_MSG_GETTABLE ||
	       agrees(nlh, to, type == NFT_MSG_GETCHAIN ? NFTA_CHAIN_NAME : NFTA_SET_NAME);
}

static void dump(int fd, const struct nlmsghdr *to)
{
	for (size_t i = 0; i < nkept; i++) {
		if (!asked(kept[i], to))
			continue;
		kept[i]->nlmsg_seq = to->nlmsg_seq;
		kept[i]->nlmsg_flags = NLM_F_MULTI;
		answer(fd, kept[i], kept[i]->nlmsg_len);
	}
	answer_number(fd, to, NLMSG_DONE, NLM_F_MULTI, 0);
}

/* One thing by its name. */
static void get(int fd, const struct nlmsghdr *to)
{
	for (size_t i = 0; i < nkept; i++) {
		if (!asked(kept[i], to))
			continue;
		kept[i]->nlmsg_seq = to->nlmsg_seq;
		kept[i]->nlmsg_flags = 0;
		answer(fd, kept[i], kept[i]->nlmsg_len);
		if (to->nlmsg_flags & NLM_F_ACK)
			answer_number(fd, to, NLMSG_ERROR, 0, 0);
		return;
	}
	answer_number(fd, to, NLMSG_ERROR, 0, -ENOENT);
}

static void answer_generation(int fd, const struct nlmsghdr *to)
{
	char buf[256];
	struct nlmsghdr *nlh = begin(buf, to, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN, 0);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(generation));
	answer(fd, nlh, nlh->nlmsg_len);
}

/*
 * A message as the kernel has it: an anonymous set has a number in its name. A batch's rule names
 * its sets in the order in which they were made.
 */
static void keep(const struct nlmsghdr *nlh)
{
	static unsigned int made, named;
	int type = nlh->nlmsg_type & 0xff;
	struct nlmsghdr *copy = malloc(nlh->nlmsg_len);
	char *p = (char *)copy, *end;

	if (!copy || nkept == MAX_KEPT)
		abort();
	memcpy(copy, nlh, nlh->nlmsg_len);
	end = p + nlh->nlmsg_len;
	while ((p = memmem(p, end - p, "%d", 3))) {
		unsigned int number = type == NFT_MSG_NEWSET	? made++
				      : type == NFT_MSG_NEWRULE ? named++
								: made - 1;

		*p++ = 'a' + number / 26 % 26;
		*p++ = 'a' + number % 26;
	}
	if (type == NFT_MSG_NEWRULE)
		named = made;
	kept[nkept++] = copy;
}

static void take(int fd, const struct nlmsghdr *nlh)
{
	int type = nlh->nlmsg_type & 0xff;

	if (nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN || nlh->nlmsg_type == NFNL_MSG_BATCH_END) {
		generation += nlh->nlmsg_type == NFNL_MSG_BATCH_END;
		return;
	}
	if (type == NFT_MSG_GETGEN) {
		answer_generation(fd, nlh);
		return;
	}
	switch (type) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_NEWSET:
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_NEWRULE:
		print_message(nlh);
		keep(nlh);
		if (nlh->nlmsg_flags & NLM_F_ACK)
			answer_number(fd, nlh, NLMSG_ERROR, 0, 0);
		break;
	default:
		if ((nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
			dump(fd, nlh);
		else
			get(fd, nlh);
	}
}

/* The C library's functions, as far as a netlink socket is meant. */

int socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != AF_NETLINK)
		return syscall(SYS_socket, domain, type, protocol);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	if (pair[0] >= MAX_FDS)
		abort();
	far_end[pair[0]] = pair[1];
	return pair[0];
}

int close(int fd)
{
	if (is_netlink(fd)) {
		syscall(SYS_close, far_end[fd]);
		far_end[fd] = 0;
	}
	return syscall(SYS_close, fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return is_netlink(fd) ? 0 : syscall(SYS_bind, fd, addr, len);
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	const struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pid = 1};

	if (!is_netlink(fd))
		return syscall(SYS_getsockname, fd, addr, len);
	memcpy(addr, &own, *len < sizeof(own) ? *len : sizeof(own));
	*len = sizeof(own);
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return is_netlink(fd) ? 0 : syscall(SYS_setsockopt, fd, level, name, value, len);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t sum = 0;

	if (!is_netlink(fd))
		return syscall(SYS_sendmsg, fd, msg, flags);
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		const struct nlmsghdr *nlh = msg->msg_iov[i].iov_base;
		int left = msg->msg_iov[i].iov_len;

		sum += left;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			take(fd, nlh);
	}
	return sum;
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	struct iovec iov = {(void *)buf, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return is_netlink(fd) ? sendmsg(fd, &msg, flags)
			      : syscall(SYS_sendto, fd, buf, len, flags, to, to_len);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct msghdr plain = *msg;
	ssize_t n;

	if (!is_netlink(fd))
		return syscall(SYS_recvmsg, fd, msg, flags);
	plain.msg_name = NULL;
	plain.msg_namelen = 0;
	n = syscall(SYS_recvmsg, fd, &plain, flags | MSG_DONTWAIT);
	if (n >= 0 && msg->msg_name) {
		memcpy(msg->msg_name, &kernel, sizeof(kernel));
		msg->msg_namelen = sizeof(kernel);
	}
	msg->msg_flags = plain.msg_flags;
	return n;
}

static void run(struct nft_ctx *ctx, const char *cmd)
{
	int rc = nft_run_cmd_from_buffer(ctx, cmd);

	fputs(nft_ctx_get_output_buffer(ctx), stdout);
	fputs(nft_ctx_get_error_buffer(ctx), stdout);
	printf("status %d\n", rc);
}

/* The rule that a command made, as nft lists it; then it and its sets are forgotten. */
static void list(struct nft_ctx *ctx, size_t before)
{
	run(ctx, "list chain inet t c");
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON);
	run(ctx, "list chain inet t c");
	nft_ctx_output_set_flags(ctx, 0);
	while (nkept > before)
		free(kept[--nkept]);
	generation++;
}

int main(int argc, char **argv)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *line = NULL;
	size_t room = 0;

	if (!f || !ctx || nft_ctx_buffer_output(ctx) || nft_ctx_buffer_error(ctx)) {
		fprintf(stderr, "usage: wire FILE\n");
		return 2;
	}
	while (getline(&line, &room, f) > 0) {
		size_t before = nkept;

		line[strcspn(line, "\n")] = '\0';
		printf("# %s\n", line);
		run(ctx, line);
		if (!strncmp(line, "add rule ", strlen("add rule ")) && nkept > before)
			list(ctx, before);
	}
	printf("# list ruleset\n");
	run(ctx, "list ruleset");
	nft_ctx_free(ctx);
	free(line);
	fclose(f);
	return 0;
}
