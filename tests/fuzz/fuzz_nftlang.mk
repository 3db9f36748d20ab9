# SPDX-License-Identifier: GPL-2.0-or-later
NX_SRCS := $(wildcard $(TOP)/nft-ext/dialect/*.c $(TOP)/nft-ext/lib/*.c $(TOP)/nft-ext/text/*.c) $(TOP)/nft-ext/netlink/debug.c
nftlang_OBJS := $(patsubst $(TOP)/nft-ext/%.c,$(O)/nx/%.o,$(NX_SRCS))
nftlang_CFLAGS := -std=gnu11 -I$(TOP)/nft-ext/lib -I$(TOP)/nft-ext/dialect -I$(TOP)/nft-ext/text -I$(TOP)/nft-ext/netlink \
	-I$(TOP)/include/uapi

$(O)/nx/%.o: $(TOP)/nft-ext/%.c
	@mkdir -p $(@D)
	$(CLANG) -std=gnu11 -O1 -g -D_GNU_SOURCE -I$(TOP)/nft-ext/lib -I$(TOP)/nft-ext/dialect -I$(TOP)/nft-ext/text \
		-I$(TOP)/nft-ext/json -I$(TOP)/nft-ext/netlink -I$(TOP)/include/uapi -MMD -MP $(SANITIZE) -c -o $@ $<
