// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "capture.h"
#include "link.h"

/* in front of messages */
#ifndef QI_PROGRAM
#define QI_PROGRAM "quic-inspect"
#endif

#define QI_SNAPLEN    262144 /* libpcap's limit: whole frames, GSO and jumbo too */
#define QI_TIMEOUT_MS 250

static volatile sig_atomic_t qi_stopped;
static pcap_t *volatile qi_running; /* for qi_capture_stop() to wake */

void qi_capture_stop(void)
{
	pcap_t *p = qi_running;

	qi_stopped = 1;
	if (p)
		pcap_breakloop(p);
}

static void qi_capture_error(const struct qi_source *source, const char *what)
{
	fprintf(stderr, QI_PROGRAM ": %s: %s\n", source->name, what);
}

static pcap_t *qi_capture_open_file(const struct qi_source *source)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	struct stat st;
	FILE *file;
	pcap_t *p;

	if (!strcmp(source->name, "-")) {
		file = stdin;
	} else {
		/* libpcap names the file in some of its messages and not in others. */
		file = fopen(source->name, "rb");
		if (!file || (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode))) {
			qi_capture_error(source, file ? strerror(EISDIR) : strerror(errno));
			if (file)
				fclose(file);
			return NULL;
		}
	}
	p = pcap_fopen_offline(file, err);
	if (p)
		return p;
	qi_capture_error(source, err);
	if (file != stdin)
		fclose(file);
	return NULL;
}

static pcap_t *qi_capture_open_live(const struct qi_source *source)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(source->name, err);
	const char *detail;
	int status;

	if (!p) {
		qi_capture_error(source, err);
		return NULL;
	}
	pcap_set_snaplen(p, QI_SNAPLEN);
	pcap_set_timeout(p, QI_TIMEOUT_MS);
	pcap_set_immediate_mode(p, 1);
	status = pcap_activate(p);
	if (status >= 0)
		return p;
	detail = pcap_geterr(p);
	qi_capture_error(source, *detail ? detail : pcap_statustostr(status));
	pcap_close(p);
	return NULL;
}

static int qi_capture_filter(const struct qi_source *source, pcap_t *p)
{
	struct bpf_program program;
	int err = 0;

	if (!source->filter)
		return 0;
	if (pcap_compile(p, &program, source->filter, 1, PCAP_NETMASK_UNKNOWN)) {
		fprintf(stderr, QI_PROGRAM ": filter '%s': %s\n", source->filter, pcap_geterr(p));
		return -EIO;
	}
	if (pcap_setfilter(p, &program)) {
		qi_capture_error(source, pcap_geterr(p));
		err = -EIO;
	}
	pcap_freecode(&program);
	return err;
}

static int qi_capture_link(const struct qi_source *source, pcap_t *p)
{
	int dlt = pcap_datalink(p);
	const char *name = pcap_datalink_val_to_name(dlt);

	if (qi_link_known(dlt))
		return 0;
	fprintf(stderr, QI_PROGRAM ": %s: link type %d (%s) is not supported\n", source->name, dlt,
		name ? name : "unknown");
	return -EIO;
}

static int qi_capture_loop(const struct qi_source *source, pcap_t *p, qi_frame_fn frame, void *arg)
{
	int dlt = pcap_datalink(p), status, err;
	struct pcap_pkthdr *header;
	const unsigned char *data;

	while (!qi_stopped) {
		status = pcap_next_ex(p, &header, &data);
		if (status == PCAP_ERROR_BREAK)
			break;
		if (status == 0) { /* no frame before the timeout */
			if (source->idle)
				source->idle(arg);
			continue;
		}
		if (status < 0) {
			qi_capture_error(source, pcap_geterr(p));
			return -EIO;
		}
		err = frame(arg, dlt, data, header->caplen, header->ts.tv_sec);
		if (err)
			return err;
	}
	return 0;
}

static void qi_capture_drops(const struct qi_source *source, pcap_t *p)
{
	struct pcap_stat stat;

	if (!pcap_stats(p, &stat) && stat.ps_drop)
		fprintf(stderr, QI_PROGRAM ": %s: %u packets were lost, flows may be missing\n",
			source->name, stat.ps_drop);
}

int qi_capture_run(const struct qi_source *source, qi_frame_fn frame, void *arg)
{
	pcap_t *p = source->live ? qi_capture_open_live(source) : qi_capture_open_file(source);
	int err;

	if (!p)
		return -EIO;
	err = qi_capture_link(source, p);
	if (!err)
		err = qi_capture_filter(source, p);
	if (!err) {
		qi_running = p;
		err = qi_capture_loop(source, p, frame, arg);
		qi_running = NULL;
		if (source->live)
			qi_capture_drops(source, p);
	}
	pcap_close(p);
	return err;
}
