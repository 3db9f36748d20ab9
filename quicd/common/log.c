// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *log_program = "quicd";
static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_journal;

/* systemd sets JOURNAL_STREAM to the device and inode of the stderr it made (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *s = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!s || sscanf(s, "%llu:%llu", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st))
		return false;
	return st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

/*
 * In a process started without standard descriptors the next files get their numbers: the log
 * would go to a socket, or among the secrets of a key log. Missing standard output is opened
 * for reading only, so that writing fails: lost output must not look as if it had been written.
 */
static void hold_standard_fds(void)
{
	static const int flags[] = {O_RDONLY, O_RDONLY, O_WRONLY};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			_exit(EXIT_FAILURE); /* there is nobody to tell */
}

void log_init(const char *program)
{
	hold_standard_fds();
	log_program = program;
	log_journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	log_level = level;
}

bool log_enabled(enum log_level level)
{
	return level <= log_level;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
	char line[1024];
	int saved = errno;
	size_t n;
	va_list ap;

	if (!log_enabled(level))
		return;
	if (log_journal)
		n = (size_t)snprintf(line, sizeof(line), "%s", prefix[level]);
	else
		n = (size_t)snprintf(line, sizeof(line), "%s: %s", log_program, word[level]);
	va_start(ap, fmt);
	n += (size_t)vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	/* Names come from the network: no control character may start a line of its own. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	/* One write per line, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, n) < 0)
		(void)0; /* nobody left to tell */
	errno = saved;
}
