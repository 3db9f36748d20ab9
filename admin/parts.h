/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts that na_host_read() puts together. */
#ifndef NA_PARTS_H
#define NA_PARTS_H

#include "host.h"

/** na_listeners_read() - the UDP sockets of this namespace and their processes */
void na_listeners_read(struct na_host *h);

/** na_addrs_read() - the host's addresses */
void na_addrs_read(struct na_host *h);

/** na_services_read() - quicd's services: those that run, then the other files of /etc/quicd */
void na_services_read(struct na_host *h);
void na_service_clear(struct na_service *s);

#endif
