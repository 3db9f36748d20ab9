/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of a large set straight from the kernel: libnftables' JSON of 100,000 takes seconds. */
#ifndef NA_ELEMS_H
#define NA_ELEMS_H

#include "ruleset.h"

/**
 * na_elems_read() - the elements as na_set_elems() has those of a large set; NULL if that fails
 * @most:	stop when there are more than these, 0 to read all
 * @whole:	whether all were read
 *
 * For each 32 KiB that the kernel sends of a set it walks over all that it sent before, so the time
 * grows with the square of the elements: 100,000 take ten times as long as 32,768.
 */
json_t *na_elems_read(const struct na_set *set, size_t most, bool *whole);

/** na_elems_count() - how many elements the kernel says that there are; -1 if it does not
 * (before 6.17) */
json_int_t na_elems_count(const struct na_set *set);

/* Parts of a key or of data that can be told from their bytes. */
enum na_part { NA_PART_OTHER, NA_PART_NAME, NA_PART_PORT, NA_PART_IP4, NA_PART_IP6 };

/** na_elems_part() - the part of a set's type, which is a word or a selector after "typeof" */
enum na_part na_elems_part(const json_t *type);

/** na_elems_value() - the value that @len bytes of type @type are; null if that is not known */
json_t *na_elems_value(const json_t *type, const unsigned char *data, size_t len);

/** na_elems_verdict() - a verdict of a map as nft's JSON has it; null if nft has no such verdict */
json_t *na_elems_verdict(int code, const char *chain);

#endif
