// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *na_need(void *p)
{
	if (p)
		return p;
	fputs("nft-quic: out of memory\n", stderr);
	exit(2);
}

char *na_name(const char *src, size_t len, size_t max)
{
	size_t n = len < max ? len : max;
	char *out = na_need(malloc(n * 4 + 4)), *p = out;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)src[i];

		if (c >= 0x20 && c < 0x7f && c != '\\')
			*p++ = (char)c;
		else
			p += sprintf(p, "\\x%02x", c);
	}
	strcpy(p, n < len ? "..." : "");
	return out;
}

char *na_printf(const char *fmt, ...)
{
	va_list ap;
	char *out;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	return na_need(n < 0 ? NULL : out);
}

static char *read_fd(int fd, size_t *len)
{
	size_t n = 0, room = 4096;
	char *buf = na_need(malloc(room));
	ssize_t got;

	while ((got = read(fd, buf + n, room - n - 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(buf);
			return NULL;
		}
		n += (size_t)got;
		if (room - n < 2)
			buf = na_need(realloc(buf, room *= 2));
	}
	buf[n] = '\0';
	if (len)
		*len = n;
	return buf;
}

char *na_read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *out;

	if (fd < 0)
		return NULL;
	out = read_fd(fd, len);
	close(fd);
	return out;
}

long long na_read_number(const char *path)
{
	char *text = na_read_file(path, NULL), *end;
	long long n;

	if (!text)
		return -1;
	n = strtoll(text, &end, 10);
	if (end == text || n < 0)
		n = -1;
	free(text);
	return n;
}

bool na_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

char *na_run(const char *const argv[])
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char *env[] = {path, NULL};
	int fds[2], null, status;
	char *out;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return NULL;
	pid = fork();
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(fds[1], 1);
		dup2(null, 2);
		environ = env;
		execvpe(argv[0], (char *const *)argv, env);
		_exit(127);
	}
	close(fds[1]);
	out = pid > 0 ? read_fd(fds[0], NULL) : NULL;
	close(fds[0]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return out;
	free(out);
	return NULL;
}

void na_buf_open(struct na_buf *b)
{
	b->f = na_need(open_memstream(&b->text, &b->len));
}

char *na_take(struct na_buf *b)
{
	if (fclose(b->f))
		na_need(NULL);
	return b->text;
}
