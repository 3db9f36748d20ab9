// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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

char *na_shown(const char *text)
{
	return na_name(text, strlen(text), 255);
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

/* NULL with EFBIG if there is more than @most. */
static char *read_fd(int fd, size_t *len, size_t most)
{
	size_t n = 0, room = 4096;
	char *buf = na_need(malloc(room));
	ssize_t got;

	while ((got = read(fd, buf + n, room - n - 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0 && (size_t)got > most - n) {
			errno = EFBIG;
			got = -1;
		}
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
	out = read_fd(fd, len, SIZE_MAX);
	close(fd);
	return out;
}

/* A file of a disk: /proc/kmsg and its like call themselves regular, too. */
static bool is_plain_file(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISREG(st->st_mode) && st->st_size > 0 && st->st_size <= NA_FILE_MAX &&
	       fstatfs(fd, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC;
}

/* The path may be a stranger's: O_PATH opens without an effect on devices and FIFOs. */
static char *read_plain(const char *path, bool ours, size_t *len)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd = -1;
	char self[32], *out = NULL;
	struct stat st;

	if (at < 0)
		return NULL;
	if (fstat(at, &st) || !is_plain_file(at, &st) ||
	    (ours && ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022))) {
		errno = EPERM;
	} else {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
		fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd >= 0) {
		out = read_fd(fd, len, NA_FILE_MAX);
		close(fd);
	}
	close(at);
	return out;
}

char *na_read_plain(const char *path, size_t *len)
{
	return read_plain(path, false, len);
}

char *na_read_config(const char *path)
{
	return read_plain(path, true, NULL);
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

char *na_read_pipe(int fd)
{
	return read_fd(fd, NULL, SIZE_MAX);
}

char *na_run(const char *const argv[])
{
	static char path[] = "PATH=" NA_PATH;
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
	out = pid > 0 ? read_fd(fds[0], NULL, SIZE_MAX) : NULL;
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
