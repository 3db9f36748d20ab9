// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../common/log.h"

void inherit_init(struct inherited *in)
{
	*in = (struct inherited){.control = -1};
}

void inherit_free(struct inherited *in, const struct config *c)
{
	for (size_t i = 0; i < in->nudp; i++)
		if (in->udp[i].fd >= 0)
			close(in->udp[i].fd);
	for (size_t i = 0; i < in->nmetrics; i++)
		if (in->metrics[i].fd >= 0)
			close(in->metrics[i].fd);
	if (in->control >= 0) {
		close(in->control);
		if (c && (!c->control || strcmp(c->control, in->control_path)))
			unlink(in->control_path);
	}
	free(in->control_path);
	free(in->udp);
	inherit_init(in);
}

int inherit_udp(struct inherited *in, int fd, const union addr *a, unsigned int slot)
{
	struct inherited_socket *all = realloc(in->udp, (in->nudp + 1) * sizeof(*all));

	if (!all)
		return -ENOMEM;
	in->udp = all;
	all[in->nudp++] = (struct inherited_socket){.fd = fd, .addr = *a, .slot = slot};
	return 0;
}

int inherit_metrics(struct inherited *in, int fd, const union addr *a)
{
	if (in->nmetrics == METRICS_ADDRS)
		return -EPROTO;
	in->metrics[in->nmetrics++] = (struct inherited_socket){.fd = fd, .addr = *a};
	return 0;
}

int inherit_control(struct inherited *in, int fd, const char *path)
{
	if (in->control >= 0)
		return -EPROTO;
	in->control_path = strdup(path);
	if (!in->control_path)
		return -ENOMEM;
	in->control = fd;
	return 0;
}

static int take(struct inherited_socket *s, size_t n, const union addr *a, unsigned int slot)
{
	for (size_t i = 0; i < n; i++) {
		int fd = s[i].fd;

		if (fd < 0 || s[i].slot != slot || !addr_equal(&s[i].addr, a))
			continue;
		s[i].fd = -1;
		return fd;
	}
	return -1;
}

int inherit_take_udp(struct inherited *in, const union addr *a, unsigned int slot)
{
	return take(in->udp, in->nudp, a, slot);
}

int inherit_take_metrics(struct inherited *in, const union addr *a)
{
	return take(in->metrics, in->nmetrics, a, 0);
}

int inherit_take_control(struct inherited *in, const char *path)
{
	int fd = in->control;

	if (fd < 0 || strcmp(in->control_path, path))
		return -1;
	in->control = -1;
	return fd;
}

static bool configured(const union addr *a, const struct config *c)
{
	for (size_t i = 0; i < c->nlisten; i++)
		if (addr_equal(&c->listen[i].addr, a))
			return true;
	return false;
}

bool inherit_wanted(const struct inherited_socket *s, const struct config *c)
{
	return s->slot < c->workers && configured(&s->addr, c);
}

static int get_int(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value;
}

/* Looks at one of systemd's sockets; @slot: how many of its address came before. */
static int adopt(struct inherited *in, const struct config *c, int fd, const char *name)
{
	union addr a = {0};
	socklen_t len = sizeof(a);
	char text[ADDR_TEXT_MAX];
	unsigned int slot = 0;

	if (get_int(fd, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM || getsockname(fd, &a.sa, &len) ||
	    (a.sa.sa_family != AF_INET && a.sa.sa_family != AF_INET6)) {
		config_err(c, 0, "socket %s of systemd is not a UDP socket (ListenDatagram=)",
			   name);
		return -EINVAL;
	}
	addr_format(&a, text);
	if (a.sa.sa_family == AF_INET6 && !get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY)) {
		config_err(c, 0,
			   "socket %s of systemd, %s, takes IPv4, too: it needs "
			   "BindIPv6Only=ipv6-only",
			   name, text);
		return -EINVAL;
	}
	if (!configured(&a, c)) {
		config_err(c, config_line(c, "service", "listen"),
			   "socket %s of systemd, %s, is not among the addresses of listen", name,
			   text);
		return -EINVAL;
	}
	for (size_t i = 0; i < in->nudp; i++)
		slot += addr_equal(&in->udp[i].addr, &a);
	return inherit_udp(in, fd, &a, slot);
}

/* Of an address there is a socket for each worker, or none: others could not join them. */
static int check_numbers(const struct inherited *in, const struct config *c)
{
	for (size_t i = 0; i < c->nlisten; i++) {
		uint64_t n = 0;

		for (size_t j = 0; j < in->nudp; j++)
			n += addr_equal(&in->udp[j].addr, &c->listen[i].addr);
		if (!n || n == c->workers)
			continue;
		config_err(c, c->listen[i].line,
			   "systemd passes %d sockets for %s, but there are %d workers: "
			   "ListenDatagram=%s must be there for each, with ReusePort=yes",
			   (int)n, c->listen[i].text, (int)c->workers, c->listen[i].text);
		return -EINVAL;
	}
	return 0;
}

int inherit_from_systemd(struct inherited *in, const struct config *c)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names), err = n < 0 ? n : 0;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		int rv = adopt(in, c, fd, names && names[i] ? names[i] : "unknown");

		if (rv) {
			close(fd);
			err = rv;
		}
	}
	for (int i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
	return err ? err : check_numbers(in, c);
}
