/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One bound for the namespaces of all unprivileged users together. A user may make any number of
 * them, each with limits of its own, so those in use divide what user_hold_bytes and
 * user_names_bytes allow, evenly: the shares become their limits hold_bytes and names_bytes.
 */
#ifndef NQ_SHARE_H
#define NQ_SHARE_H

#include "state.h"

/**
 * nq_share_enter - a namespace begins to gather
 *
 * Shares become smaller, and nobody has more than that on return. Under the namespace's use_mutex;
 * may sleep.
 */
void nq_share_enter(struct nq_net *nn);

/** nq_share_leave - nothing is held or remembered there any more */
void nq_share_leave(struct nq_net *nn);

#endif /* NQ_SHARE_H */
