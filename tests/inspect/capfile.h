/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes capture files in every form that the field has. */
#ifndef CAPFILE_H
#define CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** enum cap_form - of the file */
enum cap_form {
	CAP_USEC,      /* pcap, microseconds */
	CAP_NSEC,      /* pcap, nanoseconds */
	CAP_NG,	       /* pcapng, enhanced packet blocks, with options */
	CAP_NG_SIMPLE, /* pcapng, simple packet blocks: no times */
};

/**
 * struct cap_file - a file that is being written
 * @form:	enum cap_form
 * @big:	numbers are big-endian
 */
struct cap_file {
	FILE *out;
	enum cap_form form;
	bool big;
};

/** cap_open - begin a file for frames of this LINKTYPE_* value; ends the program on failure */
void cap_open(struct cap_file *f, const char *path, enum cap_form form, bool big,
	      uint16_t linktype);

/** cap_frame - write a frame of @len bytes, of which the first @captured were captured */
void cap_frame(struct cap_file *f, unsigned int when, const uint8_t *data, size_t captured,
	       size_t len);

/** cap_close - end the file */
void cap_close(struct cap_file *f);

#endif /* CAPFILE_H */
