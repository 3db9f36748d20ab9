// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "route.h"
#include "text.h"

/* A table of a router with the whole internet in it is not copied to its end. */
#define DUMP_MAX (4 << 20)
#define MTU	 65535
#define PEER	 "peer%d"

static const char *const sysctls[] = {
	"/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/net/ipv4/conf/all/route_localnet",
	"/proc/sys/net/ipv4/conf/default/route_localnet",
	"/proc/sys/net/ipv6/conf/all/forwarding",
	"/proc/sys/net/netfilter/nft_quic/*",
};

static int fail(struct na_copy *c, int err, const char *what)
{
	free(c->wrong);
	c->wrong = na_printf("%s: %s", what, strerror(err));
	return -err;
}

static int keep(const struct nlmsghdr *nlh, void *arg)
{
	const unsigned char *family = mnl_nlmsg_get_payload(nlh);
	struct na_dump *d = arg;
	size_t n = MNL_ALIGN(nlh->nlmsg_len);

	/* there are others, of multicast routing and MPLS */
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct rtgenmsg) ||
	    (*family != AF_INET && *family != AF_INET6))
		return MNL_CB_OK;
	if (d->len + n > DUMP_MAX) {
		d->lost++;
		return MNL_CB_OK;
	}
	d->msg = na_need(realloc(d->msg, d->len + n));
	memcpy(d->msg + d->len, nlh, nlh->nlmsg_len);
	d->len += n;
	return MNL_CB_OK;
}

static int add_device(const struct nlmsghdr *nlh, void *arg)
{
	static const unsigned char none[6];
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct na_copy *c = arg;
	const struct nlattr *a;
	struct na_device *d;

	c->device = na_need(realloc(c->device, (c->n_devices + 1) * sizeof(*d)));
	d = &c->device[c->n_devices++];
	*d = (struct na_device){.index = ifi->ifi_index, .up = ifi->ifi_flags & IFF_UP};
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
	{
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			snprintf(d->name, sizeof(d->name), "%s", mnl_attr_get_str(a));
		else if (mnl_attr_get_type(a) == IFLA_GROUP)
			d->group = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == IFLA_ADDRESS && ifi->ifi_type == ARPHRD_ETHER &&
			 mnl_attr_get_payload_len(a) == sizeof(d->mac))
			memcpy(d->mac, mnl_attr_get_payload(a), sizeof(d->mac));
	}
	if (d->index == 1)
		d->inner = 1;
	if (!memcmp(d->mac, none, sizeof(none)) || d->mac[0] & 1)
		memcpy(d->mac, (unsigned char[]){2, 0, 0, 0, 0, 1}, sizeof(d->mac));
	return MNL_CB_OK;
}

static void read_sysctls(struct na_copy *c)
{
	const size_t most = sizeof(c->sysctl) / sizeof(c->sysctl[0]);
	glob_t found;

	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		if (glob(sysctls[i], 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			char *value =
				c->n_sysctls < most ? na_read_file(found.gl_pathv[k], NULL) : NULL;

			if (!value) {
				c->lost_sysctls++;
				continue;
			}
			c->sysctl[c->n_sysctls][0] = na_printf("%s", found.gl_pathv[k]);
			c->sysctl[c->n_sysctls++][1] = value;
		}
		globfree(&found);
	}
}

static int dump(struct mnl_socket *s, uint16_t type, size_t extra, mnl_cb_t cb, void *arg)
{
	char buf[256] = "";

	return na_route_talk(s, na_route_begin(buf, type, NLM_F_DUMP, extra), cb, arg);
}

int na_copy_read(struct na_copy *c)
{
	struct mnl_socket *s = na_route_open();
	int rc;

	c->packet = c->raw[0] = c->raw[1] = -1;
	if (!s)
		return fail(c, errno, "the devices cannot be read");
	rc = dump(s, RTM_GETLINK, sizeof(struct ifinfomsg), add_device, c);
	rc = rc ? rc : dump(s, RTM_GETADDR, sizeof(struct ifaddrmsg), keep, &c->addrs);
	rc = rc ? rc : dump(s, RTM_GETROUTE, sizeof(struct rtmsg), keep, &c->routes);
	mnl_socket_close(s);
	if (rc)
		return fail(c, -rc, "the devices, addresses and routes cannot be read");
	s = na_route_open();
	rc = s ? dump(s, RTM_GETRULE, sizeof(struct fib_rule_hdr), keep, &c->rules) : -errno;
	/* a kernel without policy routing */
	if (rc && rc != -EOPNOTSUPP)
		c->rules.lost++;
	if (s)
		mnl_socket_close(s);
	read_sysctls(c);
	return 0;
}

static const struct na_device *by_index(const struct na_copy *c, int index)
{
	for (size_t i = 0; i < c->n_devices; i++)
		if (c->device[i].index == index)
			return &c->device[i];
	return NULL;
}

const struct na_device *na_copy_device(const struct na_copy *c, const char *name)
{
	for (size_t i = 0; i < c->n_devices; i++)
		if (!strcmp(c->device[i].name, name))
			return &c->device[i];
	return NULL;
}

static int family_of(enum qi_net net)
{
	return net == QI_NET_IPV6 ? AF_INET6 : AF_INET;
}

static size_t size_of(enum qi_net net)
{
	return net == QI_NET_IPV6 ? 16 : 4;
}

/* The next message of a dump, NULL at its end. */
static const struct nlmsghdr *next(const struct na_dump *d, size_t *pos)
{
	const struct nlmsghdr *nlh = (const void *)(d->msg + *pos);

	if (*pos >= d->len)
		return NULL;
	*pos += MNL_ALIGN(nlh->nlmsg_len);
	return nlh;
}

bool na_copy_local(const struct na_copy *c, enum qi_net net, const struct na_device *d,
		   unsigned char addr[16])
{
	const struct nlmsghdr *nlh;
	const struct nlattr *a;
	bool found = false;

	for (size_t pos = 0; (nlh = next(&c->addrs, &pos)) != NULL && !found;) {
		const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

		if (ifa->ifa_family != family_of(net) ||
		    (d ? (int)ifa->ifa_index != d->index : ifa->ifa_scope != RT_SCOPE_UNIVERSE) ||
		    (d && ifa->ifa_scope == RT_SCOPE_LINK))
			continue;
		memset(addr, 0, 16);
		mnl_attr_for_each(a, nlh, sizeof(*ifa))
		{
			uint16_t type = mnl_attr_get_type(a);

			/* of a link to one peer IFA_ADDRESS is the peer's */
			if ((type != IFA_LOCAL && (type != IFA_ADDRESS || found)) ||
			    mnl_attr_get_payload_len(a) != size_of(net))
				continue;
			memcpy(addr, mnl_attr_get_payload(a), size_of(net));
			found = true;
		}
	}
	return found;
}

static int take_oif(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	int *oif = arg;

	mnl_attr_for_each(a, nlh, sizeof(*rt)) if (mnl_attr_get_type(a) == RTA_OIF) *oif =
		(int)mnl_attr_get_u32(a);
	if (rt->rtm_type == RTN_LOCAL)
		*oif = 1;
	return MNL_CB_STOP;
}

const struct na_device *na_copy_towards(const struct na_copy *c, enum qi_net net,
					const unsigned char addr[16])
{
	struct mnl_socket *s = na_route_open();
	char buf[256] = "";
	struct nlmsghdr *nlh = na_route_begin(buf, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	int oif = 0;

	if (!s)
		return NULL;
	rt->rtm_family = (unsigned char)family_of(net);
	rt->rtm_dst_len = (unsigned char)(8 * size_of(net));
	mnl_attr_put(nlh, RTA_DST, size_of(net), addr);
	if (na_route_talk(s, nlh, take_oif, &oif))
		oif = 0;
	mnl_socket_close(s);
	return by_index(c, oif);
}

static bool set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool sysctl_is(const char *path, const char *value)
{
	char *now = na_read_file(path, NULL);
	bool same = now && !strcmp(now, value);

	free(now);
	return same;
}

/* With the index of the live namespace, or one that the kernel chooses if @index is 0. */
static int add_veth(struct mnl_socket *s, const struct na_device *d, int index, int outer)
{
	char buf[1024] = "", peer[16];
	struct nlmsghdr *nlh = na_route_begin(
		buf, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nlattr *info, *data, *end;

	ifi->ifi_index = index;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, d->name);
	mnl_attr_put_u32(nlh, IFLA_MTU, MTU);
	mnl_attr_put_u32(nlh, IFLA_GROUP, d->group);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(d->mac), d->mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	end = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = index;
	snprintf(peer, sizeof(peer), PEER, d->index);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_put_u32(nlh, IFLA_MTU, MTU);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)outer);
	mnl_attr_nest_end(nlh, end);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return na_route_talk(s, nlh, NULL, NULL);
}

static int set_up(struct mnl_socket *s, int index)
{
	char buf[256] = "";
	struct nlmsghdr *nlh =
		na_route_begin(buf, RTM_NEWLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_index = index;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return na_route_talk(s, nlh, NULL, NULL);
}

static uint32_t rule_number(const struct nlmsghdr *nlh, uint16_t type, uint32_t otherwise)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct fib_rule_hdr))
	{
		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_u32(a);
	}
	return otherwise;
}

static uint32_t inner_of(const struct na_copy *c, uint32_t index)
{
	const struct na_device *d = by_index(c, (int)index);

	return d ? (uint32_t)d->inner : index;
}

/* A message about the live namespace's devices becomes one about the copy's. */
static void remap(const struct na_copy *c, struct nlmsghdr *nlh)
{
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct nlattr *a;

	if (nlh->nlmsg_type == RTM_NEWADDR)
		ifa->ifa_index = inner_of(c, ifa->ifa_index);
	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return;
	mnl_attr_for_each(a, nlh, sizeof(struct rtmsg))
	{
		uint32_t *oif = mnl_attr_get_payload(a);
		struct rtnexthop *hop = mnl_attr_get_payload(a);
		int left = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == RTA_OIF)
			*oif = inner_of(c, *oif);
		if (mnl_attr_get_type(a) != RTA_MULTIPATH)
			continue;
		for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
			hop->rtnh_ifindex = (int)inner_of(c, (uint32_t)hop->rtnh_ifindex);
	}
}

/* A message of a dump again, with only those attributes that are in @types, a bit each. */
static int again(const struct na_copy *c, struct mnl_socket *s, const struct nlmsghdr *old,
		 size_t extra, uint64_t types, uint32_t addr_flags)
{
	static char buf[1 << 16];
	struct nlmsghdr *nlh;
	const struct nlattr *a;

	if (old->nlmsg_len > sizeof(buf) / 2)
		return -EMSGSIZE;
	nlh = na_route_begin(buf, old->nlmsg_type, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, extra);
	memcpy(mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload(old), extra);
	mnl_attr_for_each(a, old, extra) if (types >> (mnl_attr_get_type(a) & 63) & 1) mnl_attr_put(
		nlh, mnl_attr_get_type(a), mnl_attr_get_payload_len(a), mnl_attr_get_payload(a));
	if (addr_flags)
		mnl_attr_put_u32(nlh, IFA_FLAGS, addr_flags);
	/* without one the kernel would choose it */
	if (old->nlmsg_type == RTM_NEWRULE && !rule_number(old, FRA_PRIORITY, 0))
		mnl_attr_put_u32(nlh, FRA_PRIORITY, 0);
	if (old->nlmsg_type == RTM_NEWROUTE)
		((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_flags &= RTNH_F_ONLINK;
	remap(c, nlh);
	return na_route_talk(s, nlh, NULL, NULL);
}

#define BIT(n) (UINT64_C(1) << (n))

static void copy_addrs(struct na_copy *c, struct mnl_socket *s)
{
	const struct nlmsghdr *nlh;
	int rc;

	for (size_t pos = 0; (nlh = next(&c->addrs, &pos)) != NULL;) {
		rc = again(c, s, nlh, sizeof(struct ifaddrmsg),
			   BIT(IFA_LOCAL) | BIT(IFA_ADDRESS) | BIT(IFA_BROADCAST), IFA_F_NODAD);
		c->addrs.lost += rc && rc != -EEXIST;
	}
}

/* Every namespace begins with these three, each with a priority of its own. */
static bool is_first_rule(const struct nlmsghdr *nlh)
{
	static const uint32_t first[][2] = {
		{RT_TABLE_LOCAL, 0}, {RT_TABLE_MAIN, 32766}, {RT_TABLE_DEFAULT, 32767}};
	const struct fib_rule_hdr *r = mnl_nlmsg_get_payload(nlh);
	uint32_t table = rule_number(nlh, FRA_TABLE, r->table);
	uint32_t priority = rule_number(nlh, FRA_PRIORITY, 0);

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (table == first[i][0] && priority == first[i][1])
			return true;
	return false;
}

static void copy_rules(struct na_copy *c, struct mnl_socket *s)
{
	const struct nlmsghdr *nlh;
	int rc;

	for (size_t pos = 0; (nlh = next(&c->rules, &pos)) != NULL;) {
		if (is_first_rule(nlh))
			continue;
		rc = again(c, s, nlh, sizeof(struct fib_rule_hdr),
			   ~UINT64_C(0) & ~BIT(FRA_PROTOCOL), 0);
		c->rules.lost += rc && rc != -EEXIST;
	}
}

/* Routes of the kernel's own come with addresses; a gateway's may stand before the route to it. */
static void copy_routes(struct na_copy *c, struct mnl_socket *s)
{
	const uint64_t types = BIT(RTA_DST) | BIT(RTA_SRC) | BIT(RTA_OIF) | BIT(RTA_GATEWAY) |
			       BIT(RTA_PRIORITY) | BIT(RTA_PREFSRC) | BIT(RTA_MULTIPATH) |
			       BIT(RTA_TABLE) | BIT(RTA_VIA);
	const struct nlmsghdr *nlh;
	int rc;

	for (int pass = 0; pass < 2; pass++)
		for (size_t pos = 0; (nlh = next(&c->routes, &pos)) != NULL;) {
			const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);

			if (rt->rtm_protocol == RTPROT_KERNEL || rt->rtm_flags & RTM_F_CLONED)
				continue;
			rc = again(c, s, nlh, sizeof(*rt), types, 0);
			c->routes.lost += pass && rc && rc != -EEXIST;
		}
}

static int take_index(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	int *index = arg;

	*index = ifi->ifi_index;
	return MNL_CB_STOP;
}

/* 0 if there is no such device, or -errno */
static int index_of(struct mnl_socket *s, const char *name)
{
	char buf[256] = "";
	struct nlmsghdr *nlh = na_route_begin(buf, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	int index = 0, rc;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	rc = na_route_talk(s, nlh, take_index, &index);
	return rc && rc != -ENODEV ? rc : index;
}

/* Where modules of tunnels are loaded, a new namespace has their tunl0, sit0, gre0 and the like. */
static int rename_own(struct mnl_socket *s, const struct na_device *d)
{
	int index = index_of(s, d->name);
	char buf[256] = "", name[16];
	struct nlmsghdr *nlh;

	if (index <= 0)
		return index;
	snprintf(name, sizeof(name), "own%d", index);
	nlh = na_route_begin(buf, RTM_NEWLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	((struct ifinfomsg *)mnl_nlmsg_get_payload(nlh))->ifi_index = index;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return na_route_talk(s, nlh, NULL, NULL);
}

static int make_device(struct na_copy *c, struct na_device *d, struct mnl_socket *s,
		       struct mnl_socket *out, int outer)
{
	char peer[16];
	int rc = rename_own(s, d);

	if (rc)
		return fail(c, -rc, "a device of a new namespace cannot be renamed");
	rc = add_veth(s, d, d->index, outer);
	/* a device of the new namespace's own has this index */
	if (rc == -EBUSY || rc == -EEXIST)
		rc = add_veth(s, d, 0, outer);
	if (rc)
		return fail(c, -rc, "no veth device can be made");
	snprintf(peer, sizeof(peer), PEER, d->index);
	d->inner = index_of(s, d->name);
	d->outer = index_of(out, peer);
	if (d->inner <= 0 || d->outer <= 0)
		return fail(c, ENODEV, "no veth device can be made");
	rc = set_up(out, d->outer);
	if (!rc && d->up)
		rc = set_up(s, d->inner);
	return rc ? fail(c, -rc, "a device cannot be set up") : 0;
}

static int make_devices(struct na_copy *c, struct mnl_socket *s, struct mnl_socket *out, int outer)
{
	int rc = set_up(s, 1);

	if (rc)
		return fail(c, -rc, "the loopback cannot be set up");
	for (size_t i = 0; i < c->n_devices && !rc; i++)
		if (c->device[i].index != 1)
			rc = make_device(c, &c->device[i], s, out, outer);
	return rc;
}

static int fill(struct na_copy *c, struct mnl_socket *out, int outer)
{
	struct mnl_socket *s = na_route_open();
	int rc;

	if (!s)
		return fail(c, errno, "no netlink");
	/* the copy has no routes back over the way that the datagram came */
	set_sysctl("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	set_sysctl("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
	set_sysctl("/proc/sys/net/ipv4/conf/lo/rp_filter", "0");
	rc = make_devices(c, s, out, outer);
	if (!rc) {
		for (size_t i = 0; i < c->n_sysctls; i++)
			if (!sysctl_is(c->sysctl[i][0], c->sysctl[i][1]) &&
			    !set_sysctl(c->sysctl[i][0], c->sysctl[i][1]))
				c->lost_sysctls++;
		copy_addrs(c, s);
		copy_routes(c, s);
		copy_rules(c, s);
	}
	mnl_socket_close(s);
	c->raw[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	c->raw[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	return rc;
}

int na_copy_enter(struct na_copy *c)
{
	struct mnl_socket *out;
	int outer, rc;

	if (unshare(CLONE_NEWNET))
		return fail(c, errno, "no network namespace can be made here");
	outer = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	out = na_route_open();
	c->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (outer < 0 || !out || c->packet < 0 || unshare(CLONE_NEWNET))
		rc = fail(c, errno, "no network namespace can be made here");
	else
		rc = fill(c, out, outer);
	if (out)
		mnl_socket_close(out);
	if (outer >= 0)
		close(outer);
	return rc;
}

void na_copy_free(struct na_copy *c)
{
	int fds[] = {c->packet, c->raw[0], c->raw[1]};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] > 0)
			close(fds[i]);
	for (size_t i = 0; i < c->n_sysctls; i++) {
		free(c->sysctl[i][0]);
		free(c->sysctl[i][1]);
	}
	free(c->device);
	free(c->addrs.msg);
	free(c->routes.msg);
	free(c->rules.msg);
	free(c->wrong);
}
