/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/net/nft_quic_conns */
#ifndef NQ_CONN_LIST_H
#define NQ_CONN_LIST_H

#include "state.h"

/** nq_conn_list_show - have the file. Return: 0 or -ENOMEM. */
int nq_conn_list_show(struct nq_net *nn);

/** nq_conn_list_hide - nobody reads it any more. May sleep. */
void nq_conn_list_hide(struct nq_net *nn);

#endif /* NQ_CONN_LIST_H */
