/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When certificates and OCSP responses end: as metrics, and a warning in time. */
#ifndef QUICD_EXPIRY_H
#define QUICD_EXPIRY_H

#include <stdint.h>
#include <stdio.h>

struct tls;

/* Warns of each certificate that ends within 21 days. Returns the wall clock's next time to look.
 */
uint64_t expiry_warn(const struct tls *t);
/* As OpenMetrics; @label is that of the service. */
void expiry_print(FILE *f, const struct tls *t, const char *label);

#endif
