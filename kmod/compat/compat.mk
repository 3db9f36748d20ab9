# SPDX-License-Identifier: GPL-2.0-only
#
# The shape of the kernel's nf_tables and sysctl interfaces. Included by kmod/Kbuild,
# where $(srctree) is the kernel's; asks its headers, never its version. Sets
# nq-compat-flags for ccflags-y.

nq-has = $(shell grep -qsE '$(2)' $(srctree)/include/$(1) && echo y)

nq-compat-flags := \
	$(if $(call nq-has,net/netfilter/nf_tables_core.h,^bool nft_set_do_lookup),-DNQ_LOOKUP_RETURNS_BOOL) \
	$(if $(call nq-has,net/netfilter/nf_tables.h,^struct nft_elem_priv \{),-DNQ_HAVE_ELEM_PRIV) \
	$(if $(call nq-has,net/netfilter/nf_tables.h,NFT_ITER_READ),-DNQ_HAVE_ITER_TYPE) \
	$(if $(call nq-has,linux/sysctl.h,proc_handler.const struct ctl_table),-DNQ_HAVE_CONST_CTL_TABLE) \
	$(if $(call nq-has,net/net_namespace.h,register_net_sysctl_sz),-DNQ_HAVE_SYSCTL_SZ) \
	$(if $(call nq-has,net/netns/nftables.h,unsigned int[[:space:]]+base_seq;),-DNQ_HAVE_BASE_SEQ) \
	$(if $(call nq-has,linux/workqueue.h,system_dfl_wq),-DNQ_HAVE_DFL_WQ) \
	$(if $(call nq-has,net/gso.h,skb_gso_segment),-DNQ_HAVE_GSO_H)
