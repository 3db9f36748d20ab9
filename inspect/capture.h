/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: files and interfaces, read through libpcap. */
#ifndef QI_CAPTURE_H
#define QI_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/**
 * qi_frame_fn - gets each frame
 * @arg:	what the caller of qi_capture_run() gave
 * @dlt:	link type
 * @data:	the frame as far as it was captured
 * @len:	how many bytes
 * @when:	when it was captured, in seconds
 *
 * Return: 0 to continue; else reading ends and qi_capture_run() returns it.
 */
typedef int (*qi_frame_fn)(void *arg, int dlt, const unsigned char *data, size_t len, time_t when);

/**
 * struct qi_source - a file or interface to read
 * @name:	file, "-" for standard input, or interface
 * @live:	it is an interface
 * @filter:	pcap-filter(7) expression, or NULL
 * @idle:	called with the argument of qi_capture_run() whenever an interface was silent for a
 *		quarter of a second, or NULL
 */
struct qi_source {
	const char *name;
	bool live;
	const char *filter;
	void (*idle)(void *arg);
};

/**
 * qi_capture_run - read frames until the source ends or qi_capture_stop() is called
 *
 * Errors are written to standard error, with the source's name. Frames in front of a
 * damaged place have been handed out by then.
 *
 * Return: 0, what @frame returned, or -EIO.
 */
int qi_capture_run(const struct qi_source *source, qi_frame_fn frame, void *arg);

/** qi_capture_stop - end qi_capture_run(), now or as soon as it is called; for signal handlers */
void qi_capture_stop(void);

#endif /* QI_CAPTURE_H */
