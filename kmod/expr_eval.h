/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets meet the expression. */
#ifndef NQ_EXPR_EVAL_H
#define NQ_EXPR_EVAL_H

#include <net/netfilter/nf_tables.h>

/** nq_load_eval - put a packet's key into a register, or NFT_BREAK */
void nq_load_eval(const struct nft_expr *expr, struct nft_regs *regs,
		  const struct nft_pktinfo *pkt);
/** nq_match_eval - NFT_BREAK unless the packet's key is the literal */
void nq_match_eval(const struct nft_expr *expr, struct nft_regs *regs,
		   const struct nft_pktinfo *pkt);

#endif /* NQ_EXPR_EVAL_H */
