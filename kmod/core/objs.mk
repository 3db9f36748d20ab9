# SPDX-License-Identifier: GPL-2.0-only
#
# The core's objects, one list for kmod/Kbuild and for every userspace makefile.
# nq-core-gcm is for kernels whose crypto library lacks AES-GCM, and for the tests.

nq-core-objs := version.o header.o keys.o protect.o frames.o reasm.o hello.o flight.o
nq-core-gcm  := gcm.o ghash.o aes128.o
# By the processor's own instructions; simd.h.
nq-core-x86  := x86/aesgcm.o x86/aesgcm_wide.o x86/sha256.o
nq-core-arm64 := arm64/aesgcm.o arm64/sha256.o
ifeq ($(KBUILD_EXTMOD),)
nq-machine := $(shell $(CC) -dumpmachine)
nq-core-objs += port_simd.o $(if $(filter x86_64-%,$(nq-machine)),$(nq-core-x86)) \
		$(if $(filter aarch64-%,$(nq-machine)),$(nq-core-arm64))
endif
