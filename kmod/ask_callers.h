/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rules lead to those that ask for names, and what they let through. */
#ifndef NQ_ASK_CALLERS_H
#define NQ_ASK_CALLERS_H

#include <linux/workqueue.h>

/** nq_callers_work - nq_net.ask_work: make the namespace's filter */
void nq_callers_work(struct work_struct *work);

#endif /* NQ_ASK_CALLERS_H */
