# SPDX-License-Identifier: GPL-2.0-or-later
nftjson_OBJS := $(patsubst $(TOP)/nft-ext/%.c,$(O)/nx/%.o,\
	$(wildcard $(TOP)/nft-ext/dialect/*.c $(TOP)/nft-ext/lib/*.c $(TOP)/nft-ext/text/*.c) \
	$(wildcard $(TOP)/nft-ext/json/*.c))
nftjson_LIBS := -ljansson
nftjson_CFLAGS := -std=gnu11 -I$(TOP)/nft-ext/lib -I$(TOP)/nft-ext/dialect -I$(TOP)/nft-ext/text -I$(TOP)/nft-ext/json \
	-I$(TOP)/include/uapi
