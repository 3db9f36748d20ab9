/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces and devices come and go. */
#ifndef NQ_NET_H
#define NQ_NET_H

#include <linux/workqueue.h>

/**
 * nq_net_register - begin with all namespaces
 * @ask_work:	makes a namespace's filter
 */
int nq_net_register(work_func_t ask_work);
void nq_net_unregister(void);

#endif /* NQ_NET_H */
