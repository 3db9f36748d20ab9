// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "text.h"

#define IDLE_S 100 /* quicd's default */

void na_service_clear(struct na_service *s)
{
	free(s->file);
	free(s->name);
	free(s->alpn);
	free(s->server_id);
	free(s->control);
	for (size_t i = 0; i < s->n_certs; i++)
		free(s->cert[i]);
	memset(s, 0, sizeof(*s));
}

double na_seconds(const char *text, double fallback)
{
	static const struct {
		const char *unit;
		double s;
	} units[] = {{"ms", 1e-3}, {"us", 1e-6}, {"s", 1}, {"m", 60},
		     {"h", 3600},  {"d", 86400}, {"", 1}};
	char *end;
	double n = strtod(text, &end);

	if (end == text)
		return fallback;
	end += strspn(end, " \t");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit))
			return n * units[i].s;
	return fallback;
}

static void set(char **field, const char *value)
{
	free(*field);
	*field = na_shown(value);
}

static void set_lower(char **field, const char *value)
{
	set(field, value);
	for (char *p = *field; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* The words of a list, parted by commas or blanks. */
static void each_word(struct na_service *s, char *value,
		      void (*one)(struct na_service *s, char *word))
{
	for (char *save, *w = strtok_r(value, ", \t", &save); w; w = strtok_r(NULL, ", \t", &save))
		one(s, w);
}

static void add_listen(struct na_service *s, char *word)
{
	char *colon = strrchr(word, ':');
	int port = colon ? atoi(colon + 1) : 0;

	if (port > 0 && port < 65536 && s->n_ports < sizeof(s->port) / sizeof(s->port[0]))
		s->port[s->n_ports++] = port;
}

static void add_cert(struct na_service *s, char *word)
{
	if (s->n_certs < sizeof(s->cert) / sizeof(s->cert[0]))
		s->cert[s->n_certs++] = na_printf("%s", word);
}

static void pair(struct na_service *s, const char *section, const char *key, char *value)
{
	bool service = !strcmp(section, "service");

	if (service && !strcmp(key, "listen"))
		each_word(s, value, add_listen);
	else if (service && !strcmp(key, "name"))
		set(&s->name, value);
	else if (service && !strcmp(key, "alpn"))
		set(&s->alpn, value);
	else if (service && !strcmp(key, "server-id"))
		set_lower(&s->server_id, value);
	else if (service && !strcmp(key, "control"))
		set(&s->control, value);
	else if (!strcmp(section, "tls") && !strcmp(key, "cert"))
		each_word(s, value, add_cert);
	else if ((service || !strcmp(section, "transport")) && !strcmp(key, "idle-timeout"))
		s->idle_s = na_seconds(value, s->idle_s);
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r");
}

/* An indented line adds to the list before it, unless it is a section or key itself. */
static bool is_more(const char *line)
{
	const char *p = line + strspn(line, " \t"), *end;

	if (p == line)
		return false;
	if (*p == '[') {
		end = p + strcspn(p, "]");
		return !*end || !strchr(" \t\r", end[1]);
	}
	for (end = p; isalnum((unsigned char)*end) || *end == '-';)
		end++;
	return end == p || end[strspn(end, " \t")] != '=';
}

void na_service_parse(struct na_service *s, const char *text)
{
	static const char bom[] = "\xef\xbb\xbf";
	char *copy = na_printf("%s", text + (strncmp(text, bom, 3) ? 0 : 3)), section[32] = "",
	     key[32] = "", *save, *eq, *cut;

	s->idle_s = IDLE_S;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool more = is_more(line);

		line = trim(line);
		/* a comment begins with a semicolon behind a blank */
		for (cut = strchr(line, ';'); cut; cut = strchr(cut + 1, ';'))
			if (cut > line && strchr(" \t", cut[-1])) {
				*cut = '\0';
				break;
			}
		if (!*line || *line == ';' || *line == '#')
			continue;
		if (more) {
			pair(s, section, key, trim(line));
			continue;
		}
		*key = '\0';
		if (sscanf(line, "[%31[^]]", section) == 1)
			continue;
		eq = strpbrk(line, "=:");
		if (!eq)
			continue;
		*eq = '\0';
		snprintf(key, sizeof(key), "%s", trim(line));
		pair(s, section, key, trim(eq + 1));
	}
	free(copy);
}

static void add_service(struct na_host *h, const char *file, pid_t pid)
{
	char *text = na_read_config(file), *stem, *dot;
	struct na_service *s;

	if (!text)
		return;
	h->service = na_need(realloc(h->service, (h->n_services + 1) * sizeof(*s)));
	s = &h->service[h->n_services++];
	memset(s, 0, sizeof(*s));
	na_service_parse(s, text);
	free(text);
	s->file = na_printf("%s", file);
	s->pid = pid;
	if (s->name)
		return;
	stem = strrchr(s->file, '/');
	stem = stem ? stem + 1 : s->file;
	dot = strrchr(stem, '.');
	s->name = na_name(stem, dot && dot != stem ? (size_t)(dot - stem) : strlen(stem),
			  NA_NAME_MAX);
}

/* The file after -c or --config on a command line of words that end in NUL. */
static char *config_of(pid_t pid)
{
	char path[64], *line, *found = NULL;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	line = na_read_file(path, &len);
	for (char *w = line; w && w < line + len; w += strlen(w) + 1) {
		char *next = w + strlen(w) + 1;

		if ((!strcmp(w, "-c") || !strcmp(w, "--config")) && next < line + len)
			found = next;
		else if (!strncmp(w, "--config=", 9))
			found = w + 9;
	}
	if (found && *found != '/')
		found = na_printf("/proc/%d/cwd/%s", (int)pid, found);
	else if (found)
		found = na_printf("%s", found);
	free(line);
	return found;
}

static bool has_service(const struct na_host *h, const char *file, pid_t pid)
{
	for (size_t i = 0; i < h->n_services; i++)
		if ((pid && h->service[i].pid == pid) ||
		    (file && !strcmp(h->service[i].file, file)))
			return true;
	return false;
}

void na_services_read(struct na_host *h)
{
	glob_t files;

	for (size_t i = 0; i < h->n_listeners; i++) {
		const struct na_listener *l = &h->listener[i];
		char *file;

		if (!l->comm || strncmp(l->comm, "quicd", 5) || has_service(h, NULL, l->pid))
			continue;
		file = config_of(l->pid);
		if (file)
			add_service(h, file, l->pid);
		free(file);
	}
	if (glob("/etc/quicd/*.conf", 0, NULL, &files))
		return;
	for (size_t i = 0; i < files.gl_pathc; i++)
		if (!has_service(h, files.gl_pathv[i], 0))
			add_service(h, files.gl_pathv[i], 0);
	globfree(&files);
}
