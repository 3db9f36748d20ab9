// SPDX-License-Identifier: GPL-2.0-only
/* nft_quic: match QUIC connections by what their clients ask for, on the first packet. */
#include <linux/module.h>
#include <net/netfilter/nf_tables.h>

#include "ask_callers.h"
#include "core/port.h"
#include "dgram.h"
#include "expr.h"
#include "lately.h"
#include "nq_net.h"
#include "scratch.h"

static int __init nq_init(void)
{
	int err;

	nq_path_init();
	nq_lately_init();
	nq_simd_init();
	err = nq_net_register(nq_callers_work);
	if (err)
		return err;
	err = nft_register_expr(&nq_expr_type);
	if (err)
		nq_net_unregister();
	return err;
}

static void __exit nq_exit(void)
{
	nft_unregister_expr(&nq_expr_type);
	nq_watch_exit();
	nq_net_unregister();
	nq_scratch_free();
	nq_lately_free();
}

module_init(nq_init);
module_exit(nq_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("nft-quic authors");
MODULE_VERSION(NQ_MODULE_VERSION);
MODULE_DESCRIPTION("nftables expression for QUIC: ALPN, SNI and header fields");
MODULE_ALIAS_NFT_EXPR("quic");
