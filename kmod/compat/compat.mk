# SPDX-License-Identifier: GPL-2.0-only
#
# What the kernel's nf_tables and sysctl interfaces look like. Included by kmod/Kbuild,
# where $(srctree) is the kernel's; asks its headers, never its version. Sets
# nq-compat-flags for ccflags-y.

nq-has = $(shell grep -qsE '$(2)' $(srctree)/include/$(1) && echo y)

nq-compat-flags := \
	$(if $(call nq-has,net/netfilter/nf_tables_core.h,^bool nft_set_do_lookup),-DNQ_LOOKUP_RETURNS_BOOL) \
	$(if $(call nq-has,linux/sysctl.h,proc_handler.const struct ctl_table),-DNQ_HAVE_CONST_CTL_TABLE) \
	$(if $(call nq-has,net/net_namespace.h,register_net_sysctl_sz),-DNQ_HAVE_SYSCTL_SZ) \
	$(if $(call nq-has,net/gso.h,skb_gso_segment),-DNQ_HAVE_GSO_H)
