// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include <errno.h>
#include <sys/socket.h>

struct mnl_socket *na_route_open(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (s && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID)) {
		mnl_socket_close(s);
		s = NULL;
	}
	return s;
}

int na_route_talk(struct mnl_socket *s, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	static unsigned int seq;
	static char buf[1 << 16];
	int rc = MNL_CB_OK;
	ssize_t n;

	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (rc > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(s, buf, sizeof(buf));
		rc = n < 0 ? MNL_CB_ERROR
			   : mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(s), cb, arg);
	}
	return rc == MNL_CB_STOP ? 0 : -errno;
}

struct nlmsghdr *na_route_begin(char *buf, uint16_t type, uint16_t flags, size_t extra)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	mnl_nlmsg_put_extra_header(nlh, extra);
	return nlh;
}
