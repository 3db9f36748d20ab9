// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"
#include "text.h"

/* As the kernel prints it: words of 32 bits as hex numbers, each in the host's byte order. */
static bool read_addr(struct na_listener *l, const char *hex)
{
	uint32_t word;
	size_t n = strlen(hex) / 8;
	static const unsigned char mapped[12] = {[10] = 0xff, 0xff};

	memset(l->addr, 0, sizeof(l->addr));
	l->ip6 = n == 4;
	if (n != 1 && n != 4)
		return false;
	for (size_t i = 0; i < n; i++, hex += 8) {
		if (sscanf(hex, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(l->addr + 4 * i, &word, 4);
	}
	/* an IPv6 socket with an address of IPv4 is one of IPv4 */
	if (l->ip6 && !memcmp(l->addr, mapped, sizeof(mapped))) {
		l->ip6 = false;
		memmove(l->addr, l->addr + 12, 4);
		memset(l->addr + 4, 0, 12);
	}
	l->loopback = l->ip6 ? !memcmp(l->addr, &in6addr_loopback, 16) : l->addr[0] == 127;
	return true;
}

void na_listeners_parse(struct na_host *h, const char *text)
{
	const char *line = strchr(text, '\n');
	unsigned int port, peer;
	char addr[33];
	struct na_listener l = {0};

	for (; line; line = strchr(line, '\n')) {
		line++;
		if (sscanf(line,
			   " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%x %*s %*s %*s %*s %*s %*s %lu %*s %*s "
			   "%llu",
			   addr, &port, &peer, &l.inode, &l.drops) != 5 ||
		    peer || !port || !read_addr(&l, addr))
			continue;
		l.port = (int)port;
		h->listener = na_need(realloc(h->listener, (h->n_listeners + 1) * sizeof(l)));
		h->listener[h->n_listeners++] = l;
	}
}

void na_listener_bound(const struct na_listener *l, char *out, size_t room)
{
	inet_ntop(l->ip6 ? AF_INET6 : AF_INET, l->addr, out, (socklen_t)room);
}

/*
 * Of several processes that have a socket the youngest serves: systemd may have opened it, or a
 * quicd that was upgraded may still have connections. Numbers of processes come again.
 */
void na_listener_owner(struct na_host *h, unsigned long inode, pid_t pid, unsigned long long since)
{
	char path[64], *comm;

	for (size_t i = 0; i < h->n_listeners; i++) {
		struct na_listener *l = &h->listener[i];

		if (l->inode != inode || since < l->since || (since == l->since && pid < l->pid))
			continue;
		free(l->comm);
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		comm = na_read_file(path, NULL);
		l->pid = pid;
		l->since = since;
		l->comm = comm ? na_name(comm, strcspn(comm, "\n"), NA_NAME_MAX) : na_printf("?");
		free(comm);
	}
}

unsigned long long na_stat_since(const char *text)
{
	const char *at = strrchr(text, ')');
	unsigned long long since;

	/* the second field, a name, may have anything in it; this is the 22nd */
	for (int i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %llu", &since) == 1 ? since : 0;
}

static void look_into(struct na_host *h, pid_t pid)
{
	char path[512], link[64], *stat;
	unsigned long long since;
	struct dirent *e;
	unsigned long inode;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = na_read_file(path, NULL);
	since = stat ? na_stat_since(stat) : 0;
	free(stat);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, e->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1)
			na_listener_owner(h, inode, pid, since);
	}
	if (dir)
		closedir(dir);
}

void na_listeners_read(struct na_host *h)
{
	static const char *const files[] = {"/proc/thread-self/net/udp",
					    "/proc/thread-self/net/udp6"};
	struct dirent *e;
	char *text;
	DIR *dir;

	for (size_t i = 0; i < 2; i++) {
		text = na_read_file(files[i], NULL);
		if (text)
			na_listeners_parse(h, text);
		else if (!i) /* a kernel without IPv6 has no second one */
			h->no_sockets = true;
		free(text);
	}
	dir = h->n_listeners ? opendir("/proc") : NULL;
	while (dir && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_into(h, atoi(e->d_name));
	if (dir)
		closedir(dir);
}

void na_addrs_read(struct na_host *h)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
		const struct sockaddr_in *in = (const void *)i->ifa_addr;
		struct na_addr a = {.ip6 = in && in->sin_family == AF_INET6};

		if (!in || (in->sin_family != AF_INET && !a.ip6) ||
		    (a.ip6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)))
			continue;
		if (a.ip6)
			memcpy(a.addr, &in6->sin6_addr, 16);
		else
			memcpy(a.addr, &in->sin_addr, 4);
		a.loopback = a.ip6 ? IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) : a.addr[0] == 127;
		h->addr = na_need(realloc(h->addr, (h->n_addrs + 1) * sizeof(a)));
		h->addr[h->n_addrs++] = a;
	}
	freeifaddrs(all);
}
