# SPDX-License-Identifier: GPL-2.0-or-later
# fields.o is made by fuzz_httpval.mk's rule.
upparse_OBJS := $(O)/quicd/upparse.o $(O)/quicd/fields.o $(O)/quicd-common/log.o
upparse_LIBS := -lllhttp

$(O)/quicd-common/%.o: $(TOP)/quicd/common/%.c
	@mkdir -p $(@D)
	$(CLANG) -std=c11 -O1 -g -D_DEFAULT_SOURCE -MMD -MP $(SANITIZE) -c -o $@ $<
