/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook that gathers first flights. */
#ifndef NQ_GATHER_H
#define NQ_GATHER_H

#include <linux/netfilter.h>

nf_hookfn nq_gather_hook;

#endif /* NQ_GATHER_H */
