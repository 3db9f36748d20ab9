# SPDX-License-Identifier: GPL-2.0-or-later
httpval_OBJS := $(O)/quicd/fields.o $(O)/quicd/httpval.o

$(O)/quicd/%.o: $(TOP)/quicd/http3/%.c
	@mkdir -p $(@D)
	$(CLANG) -std=c11 -O1 -g -D_DEFAULT_SOURCE -MMD -MP $(SANITIZE) -c -o $@ $<
