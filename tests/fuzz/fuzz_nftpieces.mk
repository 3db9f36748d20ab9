# SPDX-License-Identifier: GPL-2.0-or-later
nftpieces_OBJS := $(patsubst $(TOP)/nft-ext/%.c,$(O)/nx/%.o,\
	$(wildcard $(TOP)/nft-ext/dialect/*.c $(TOP)/nft-ext/lib/*.c $(TOP)/nft-ext/text/*.c))
nftpieces_CFLAGS := -std=gnu11 -I$(TOP)/nft-ext/lib -I$(TOP)/nft-ext/dialect -I$(TOP)/nft-ext/text -I$(TOP)/include/uapi
