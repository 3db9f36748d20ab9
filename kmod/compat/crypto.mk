# SPDX-License-Identifier: GPL-2.0-only
#
# Which crypto library the kernel has. Included by kmod/Kbuild, where $(srctree) is
# the kernel's; asks its headers, never its version. Sets:
#
#	nq-crypto-flags	for ccflags-y
#	nq-crypto-gcm	y if the library has AES-GCM, empty if core/gcm.c is to be linked
#	nq-neon		y if core/arm64 is to be linked: on arm64, up to 6.18, where kernel_neon_begin()
#			needs no memory; the library that has AES-GCM uses the instructions itself

nq-crypto-has = $(shell grep -qsE '$(2)' $(srctree)/include/crypto/$(1) && echo y)

nq-crypto-gcm := $(call nq-crypto-has,aes-gcm.h,^void aes_gcm_init)

nq-neon := $(if $(and $(CONFIG_ARM64),$(CONFIG_KERNEL_MODE_NEON)),$(shell \
	grep -qsF 'kernel_neon_begin(void)' $(srctree)/arch/arm64/include/asm/neon.h && echo y))

nq-crypto-flags := \
	$(if $(call nq-crypto-has,sha2.h,^struct sha256_ctx ),-DNQ_HAVE_SHA256_CTX) \
	$(if $(nq-crypto-gcm),-DNQ_HAVE_AES_GCM)
