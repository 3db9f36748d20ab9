/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole programs that read the same flows from a capture, if they are installed. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include "flows.h"

#define PROGRAMS 3 /* the first is quic-inspect */

/** struct program_time - processor time of a run, in ns; @user is -1 if it failed */
struct program_time {
	double user, system;
};

/** programs_start - make a directory for captures. Return: could it be made? */
bool programs_start(const char *inspect);

/** programs_end - remove it */
void programs_end(void);

/** program_text - a program as the table calls it */
const char *program_text(unsigned int program);

/** program_version - what it calls itself, nothing for quic-inspect. Return: is it installed? */
bool program_version(unsigned int program, char version[80]);

/** programs_write - write the capture of @n flows, and another one of the first alone. Return: are
 * they there?
 */
bool programs_write(const struct flow *flows, unsigned int n);

/**
 * program_names - how many of the flows' host names does it find?
 *
 * Return: -1 if it failed.
 */
long program_names(unsigned int program, unsigned int n);

/** program_measure - one round over the capture of all flows, or that of @one */
struct program_time program_measure(unsigned int program, bool one);

#endif /* BENCH_PROGRAMS_H */
