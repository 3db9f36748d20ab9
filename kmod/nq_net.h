/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces and devices come and go. */
#ifndef NQ_NET_H
#define NQ_NET_H

int nq_net_register(void);
void nq_net_unregister(void);

#endif /* NQ_NET_H */
