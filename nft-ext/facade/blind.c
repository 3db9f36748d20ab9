// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "blind.h"
#include "rule.h"

/* Commands that show rules; in their place a comment or a name does no harm, a look is all. */
static bool lists(const char *cmd, size_t len)
{
	static const char *const words[] = {"list", "reset", "monitor", "export"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (memmem(cmd, len, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

static int see_rule(const struct nlmsghdr *nlh, void *arg)
{
	bool *found = arg;

	*found |= nx_rule_has_quic(nlh);
	return MNL_CB_OK;
}

/* 0 or -errno */
static int dump_rules(struct mnl_socket *sock, bool *found)
{
	char buf[32768]; /* more than a message of a dump has */
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	unsigned int seq = time(NULL);
	ssize_t n;
	int rc = MNL_CB_OK;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = seq;
	nfg->nfgen_family = NFPROTO_UNSPEC;
	nfg->version = NFNETLINK_V0;
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (rc == MNL_CB_OK) {
		n = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		rc = mnl_cb_run(buf, n, seq, mnl_socket_get_portid(sock), see_rule, found);
	}
	return rc < 0 ? -errno : 0;
}

bool nx_blind_refuses(const char *cmd, size_t len)
{
	struct mnl_socket *sock;
	bool found = false;
	int rc;

	if (!lists(cmd, len))
		return false;
	sock = mnl_socket_open(NETLINK_NETFILTER);
	rc = sock ? dump_rules(sock, &found) : -errno;
	if (sock)
		mnl_socket_close(sock);
	/* whoever may not look is not shown anything by the library either */
	if (rc == -EPERM || (!rc && !found))
		return false;
	if (rc)
		fprintf(stderr, "Error: quic: cannot tell whether rules with quic are loaded: %s\n",
			strerror(-rc));
	else
		fprintf(stderr,
			"Error: quic: rules with quic are loaded, and this libnftables would "
			"leave them out (NFT_QUIC=off does so)\n");
	return true;
}
