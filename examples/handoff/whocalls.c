// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A complete service behind quicd in mode handoff: it prints each client's address and ALPN,
 * and answers each stream with a greeting and the stream's own bytes.
 *
 *	cc -I ../../include -o whocalls whocalls.c && ./whocalls /run/whocalls/socket
 */
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include <quicd_handoff.h>

/* One stream, from here on an ordinary blocking socket, in a process of its own. */
static void serve(int stream, const struct quicd_handoff *h)
{
	char buf[4096];
	ssize_t n;

	dprintf(stream, "hello %s, you said:\n", h->sni[0] ? h->sni : "stranger");
	while ((n = read(stream, buf, sizeof(buf))) > 0)
		if (write(stream, buf, (size_t)n) != n)
			break;
	exit(0);
}

/* Takes one stream from quicd. Returns 0 when quicd has gone. */
static int take(int quicd)
{
	char host[64] = "?", port[16] = "?";
	struct quicd_handoff h;
	int stream = quicd_handoff_recv(quicd, &h);

	if (stream < 0)
		return errno == EPROTO || errno == EINTR;
	getnameinfo((struct sockaddr *)&h.peer, sizeof(h.peer), host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	printf("%s port %s: alpn %s, sni %s, connection %llx, stream %llu%s%s\n", host, port,
	       h.alpn, h.sni[0] ? h.sni : "-", (unsigned long long)h.connection,
	       (unsigned long long)h.stream, h.client_name[0] ? ", client " : "", h.client_name);
	fflush(stdout);
	if (fork() == 0)
		serve(stream, &h);
	close(stream);
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct pollfd fd[65];
	nfds_t n = 1;

	if (argc != 2 || strlen(argv[1]) >= sizeof(un.sun_path)) {
		fprintf(stderr, "usage: whocalls SOCKET\n");
		return 2;
	}
	strcpy(un.sun_path, argv[1]);
	unlink(argv[1]);
	signal(SIGCHLD, SIG_IGN);
	fd[0].fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	fd[0].events = POLLIN;
	if (fd[0].fd < 0 || bind(fd[0].fd, (struct sockaddr *)&un, sizeof(un)) ||
	    listen(fd[0].fd, 8)) {
		perror(argv[1]);
		return 1;
	}
	/* One connection for each worker of quicd. */
	while (poll(fd, n, -1) >= 0 || errno == EINTR) {
		for (nfds_t i = n; i-- > 1;) {
			if (fd[i].revents && !take(fd[i].fd)) {
				close(fd[i].fd);
				fd[i] = fd[--n];
			}
		}
		if (fd[0].revents && n < 65) {
			fd[n].fd = accept(fd[0].fd, NULL, NULL);
			fd[n].events = POLLIN;
			fd[n].revents = 0;
			n += fd[n].fd >= 0;
		}
	}
	return 1;
}
