# SPDX-License-Identifier: GPL-2.0-or-later
# quic-inspect without libpcap; the captures of its tests are the seeds.

capture_OBJS	:= $(addprefix $(O)/inspect/,inspect.o link.o ip.o frag.o flows.o output.o)
capture_LIBS	:= -ljansson
capture_CFLAGS	:= -I$(TOP)/inspect

all: $(O)/seeds-capture.stamp

$(O)/inspect/%.o: $(TOP)/inspect/%.c
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(SANITIZE) -c -o $@ $<

# Those that fit into an input (see RUN).
$(O)/seeds-capture.stamp:
	@mkdir -p $(O)/corpus/capture $(O)/captures
	$(MAKE) -s -C $(TOP)/tests/inspect O=$(O)/mkcaptures $(O)/mkcaptures/mkcaptures
	$(O)/mkcaptures/mkcaptures $(O)/captures
	find $(O)/captures -name '*.pcap' -size -20000c -exec cp -t $(O)/corpus/capture {} +
	@touch $@
