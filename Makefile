# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole project; `make help` lists what there is to do. Components can be built alone
# with make -C kmod, nft-ext, quicd; here they are built in Debian roots (tests/rig).

include PINS

RIG     := tests/rig
KERNELS := $(KERNEL_OLD) $(KERNEL_MAIN) $(KERNEL_NEW)
# TEST=NAME runs one test, in every layer that has it. Its name, or a shell pattern, is that of a file
# for vm, faults, nft (match.t or match, cases_trace), unit and fuzz (test_gcm, hello_test or gcm;
# fuzz_hello or hello); for corpus corpus or captures; for quicd a word of the test's name; for e2e
# demo, moving, recipes, pairs, or a client, a server name or a service of the pairs; for moving a word of the move;
# for interop a case.
# KERNEL=6.1 limits modules, check-vm, check-nft and check-arm64 to one series.
KERNEL  ?= $(KERNELS)
FUZZ_S  ?= 10
BUILD   := $(CURDIR)/build

MAKEFLAGS += --no-print-directory

.PHONY: help
help:
	@sed -n 's/^#: //p' Makefile

#: demo          three services behind one UDP port 443, in a guest, with real clients
#:
#: check         every layer below, summed: the last line says "N passed, M failed"
# Three lanes beside each other (tests/rig/README.md): what computes, guests, and what waits most of its
# time. A lane that is done takes a layer that none has begun.
COMPUTES := unit fuzz corpus faults
GUESTS := vm
WAITS := quicd interop nft e2e
LAYERS := $(COMPUTES) $(WAITS) $(GUESTS)
export TEST
.PHONY: demo check
demo:
	@tests/e2e/demo

check:
	@$(RIG)/check --ahead $(COMPUTES) e2e nft -- $(GUESTS) e2e nft -- $(WAITS)

#: quick         what is run before a commit: unit, corpus, quicd, some seconds of fuzz; no guest
.PHONY: quick
quick: export FUZZ_S := 5
quick:
	@$(RIG)/check unit fuzz -- corpus quicd

#: check-style   formatting, shellcheck, licences, spelling: what a script can judge, in seconds
#: check-unit    check-style, unit tests, coverage, the module's build on every kernel without a warning
#: check-fuzz    every fuzz target for FUZZ_S seconds (10)
#: check-corpus  quic-inspect held to captures of real clients
#: check-quicd   quicd and quicc as processes, with real clients on a loopback of their own
#: check-interop the cases of the QUIC interop runner with quicd, in their short form
#: check-nft     the rule language against each nft version
#: check-vm      the module in guests, on every kernel or on KERNEL=6.1
#: check-e2e     the demo, the core of check-moving, docs/recipes.md, and every real client with every real service
#: check-faults  the module under a kernel that looks for memory errors, wrong locking, leaks and the like
#:
#: Not part of check:
#: check-arm64-core  the core for arm64 by qemu-user: unit tests, corpus, fuzz targets for FUZZ_S seconds
#: check-arm64   the demo, unit tests, the rule language and the module in guests of Debian's arm64, on kernels 6.12 and 7.3
#:               or on KERNEL=6.12
#: check-s390x   what depends on the byte order, by qemu-user: unit tests, corpus, fuzz targets, the facade's messages
#: check-planted that check-style finds a fault planted for each of its checks
#: check-demo    the demo alone
#: check-moving  connections that move, on every kernel, on KERNEL=6.1, or on KERNEL=plain (not emulated)
#: check-install packages, make install, reboot and services on Debian 13 and 12 with systemd
#:               (LONG=1 has DKMS build in the guest)
#: check-packages  lintian, blhc, and a guest that installs from the signed repository by apt: autopkgtest,
#:               quicd's sandbox; with LONG=1 an upgrade with 50 connections, downgrade, purge
#: check-kernels-ahead  the module's build for the newest kernels of sid and experimental, and sid's nft
#: check-i386    32 bits: the core's unit tests, captures, corpus, and all programs built; where the kernel runs such
#: check-browsers  Chromium and Firefox with the web servers
#: check-quicd-load      quicd's load tests in their long form: 10,000 connections, 60 s of fuzzing, ten upgrades
#: check-quicd-asan      all its process tests under AddressSanitizer and UBSan, in that form
#: check-quicd-valgrind  what moves data, under valgrind
#: check-soak    quicd with mixed clients on a bad path for SOAK_S seconds (1200): memory, descriptors, errors
MORE := style planted arm64 arm64-core s390x demo moving install packages kernels-ahead i386 browsers quicd-load quicd-asan quicd-valgrind soak
.PHONY: $(LAYERS:%=check-%) $(MORE:%=check-%)
$(LAYERS:%=check-%) $(MORE:%=check-%): check-%:
	@$(RIG)/check $*

# The commands of each layer; TAP to standard output. tests/rig/check calls these.
.PHONY: $(LAYERS:%=tap-%) $(MORE:%=tap-%)
IN_ROOT := $(RIG)/in-root
JOBS    := $(shell nproc)

tap-style:
	@tests/style/fetch-checkpatch >&2 || :
	@$(IN_ROOT) tests/style/run

# Folders whose `make check` are unit tests. One test is a program there.
UNIT  := tests/unit tests/gen tests/bench/core quicd nft-ext inspect admin
BARE   = $(patsubst test_%,%,$(patsubst %_test,%,$(TEST)))
define UNIT_ONE
	@$(if $(wildcard tests/unit/test_$(BARE).c),$(IN_ROOT) make -s -j$(JOBS) -C tests/unit check TESTS=$(BARE),\
	$(if $(wildcard tests/admin/unit/test_$(BARE).c),$(IN_ROOT) make -s -j$(JOBS) -C admin check tests=test_$(BARE),\
	$(if $(wildcard tests/nft/unit/test_$(BARE).c),$(IN_ROOT) make -s -j$(JOBS) -C nft-ext check TESTS=test_$(BARE),\
	$(if $(wildcard tests/quicd/unit/$(BARE)_test.c),$(call LOCKED,make -s -j$(JOBS) -C quicd \
		check tests=/src/tests/quicd/unit/$(BARE)_test.c),\
	$(if $(filter style,$(BARE)),$(IN_ROOT) tests/style/run,\
	echo "unit: no such test: $(TEST)" >&2; exit 2)))))
endef
# Layers beside each other build the same objects one after the other.
LOCKED = mkdir -p $(BUILD) && flock $(BUILD)/.lock-userspace $(IN_ROOT) $(1)

tap-planted:
	@$(IN_ROOT) tests/style/planted

tap-arm64:
	@KERNELS="$(KERNEL)" tests/arm64/run

tap-arm64-core:
	@tree=$$($(RIG)/mkforeign arm64) && $(RIG)/row arm64-core 'arm64, by qemu-user | none | none' 'core, corpus, fuzz targets' \
		$(IN_ROOT) --root cross --mnt "$$tree" env FUZZ_S=$(FUZZ_S) tests/arm64/core

tap-s390x: userspace
	@FUZZ_S=$(FUZZ_S) tests/s390x/run

tap-unit:
ifneq ($(TEST),)
	$(UNIT_ONE)
else
	@rc=0; $(MAKE) tap-style || rc=1; \
	$(MAKE) userspace || rc=1; \
	$(IN_ROOT) sh -c 'rc=0; for d in $(UNIT); do make -j$(JOBS) -C $$d check || rc=1; done; \
		make -C tests/unit coverage || rc=1; exit $$rc' || rc=1; \
	for k in $(KERNELS); do \
		$(IN_ROOT) --kernel $$k sh -c 'make -C kmod check O=/src/build/kmod/check-$$KERNEL_SERIES' || rc=1; \
	done; exit $$rc
endif

FUZZER = $(if $(TEST),TARGETS=$(TEST:fuzz_%=%))
tap-fuzz:
	@[ -z "$(TEST)" ] || [ -e tests/fuzz/fuzz_$(TEST:fuzz_%=%).c ] || \
		{ echo "fuzz: no such test: $(TEST)" >&2; exit 2; }
	@$(IN_ROOT) --root fuzz make -j$(JOBS) -C tests/fuzz all CFLAGS='-O1 -g' >&2
	@$(IN_ROOT) --root fuzz make -C tests/fuzz check FUZZ_S=$(FUZZ_S) $(FUZZER)

CORPORA = $(if $(TEST),$(filter corpus captures,$(TEST)),corpus captures)
tap-corpus:
	@[ -n "$(CORPORA)" ] || { echo "corpus: no such test: $(TEST)" >&2; exit 2; }
	@$(MAKE) userspace
	@$(IN_ROOT) sh -c 'rc=0; $(if $(filter corpus,$(CORPORA)),make -C tests/corpus check || rc=1;) \
		$(if $(filter captures,$(CORPORA)),tests/captures/check build/inspect/quic-inspect || rc=1;) exit $$rc'

tap-quicd: userspace
	@$(IN_ROOT) tests/quicd/run build/quicd

tap-interop: userspace
	@$(IN_ROOT) tests/interop/run --short

tap-quicd-load: userspace
	@$(IN_ROOT) env LONG=1 tests/quicd/run build/quicd -k heavy

tap-quicd-asan tap-quicd-valgrind: tap-quicd-%: userspace
	@$(IN_ROOT) make -s -j$(JOBS) -C quicd check-$*

SOAK_S ?= 1200
tap-soak: userspace
	@$(IN_ROOT) env SOAK_S=$(SOAK_S) tests/quicd/soak build/quicd

tap-vm:
	@[ -z "$(TEST)" ] || $(RIG)/has-test "$(TEST)" tests/vm
	@$(MAKE) modules
	@KERNELS="$(KERNEL)" $(RIG)/on-kernels tests/vm

# Each nft version: Debian 12's, Debian 13's, sid's. The last two, with which most tests run, are under the plain kernel of
# tests/uml (which wants a newer C library than Debian 12 has), but with KERNEL=SERIES, which boots a guest.
NFT_ON := $(KERNEL_OLD) $(KERNEL_MAIN) $(KERNEL_NEW)@new
NFT_BY := $(if $(filter file default,$(origin KERNEL)),$(KERNEL_OLD) plain@main plain@new,$(foreach k,$(KERNEL),$(filter $k $k@%,$(NFT_ON))))
tap-nft:
	@[ -z "$(TEST)" ] || [ -n "$(wildcard tests/nft/$(TEST) tests/nft/$(TEST).t tests/nft/$(TEST).py)" ] || \
		{ echo "nft: no such test: $(TEST)" >&2; exit 2; }
	@$(MAKE) modules KERNEL="$(filter $(KERNELS),$(NFT_BY:%@new=%))"
	@$(MAKE) nft-libs
	@KERNELS="$(NFT_BY)" $(RIG)/on-kernels tests/nft

# The libraries of two releases: an upgrade swaps them under the facade.
.PHONY: nft-libs
nft-libs:
	@for r in old main; do root=$$($(RIG)/mkroot $$r) && mkdir -p $(BUILD)/nft-libs/$$r && \
		cp -uL $$root/usr/lib/*/libnftables.so.1 $(BUILD)/nft-libs/$$r/ || exit 1; done

# LONG=1: every pair moves 100 MiB, not only some.
tap-demo: E2E := run --demo
tap-e2e: E2E := run
tap-browsers: E2E := browsers
tap-demo tap-e2e tap-browsers:
	@$(MAKE) userspace
	@$(MAKE) modules KERNEL=$(KERNEL_MAIN)
	@tests/e2e/$(E2E) $(if $(LONG),--long)

tap-moving: userspace
	@$(MAKE) modules KERNEL="$(filter-out plain,$(KERNEL))"
	@KERNELS="$(KERNEL)" tests/moving/run

.PHONY: moving-table machines-table
moving-table:
	@tests/moving/table

machines-table:
	@tests/arm64/table

tap-install:
	@tests/install/run

tap-packages:
	@tests/packages/run

tap-kernels-ahead:
	@kernels=$$(tests/packages/kernels-ahead --which) && \
		$(RIG)/row kernels-ahead "$(DEBIAN_ARCH), headers of sid and experimental | $$kernels" \
		"module's builds, facade" tests/packages/kernels-ahead

tap-i386:
	@! $(RIG)/runs-i386 || $(RIG)/row i386 'i386, on a kernel of amd64 | none | none' 'unit tests, corpus, builds' \
		$(IN_ROOT) --root i386 setarch i386 tests/packages/i386

tap-faults:
	@tests/uml/check

#:
#: modules       nft_quic.ko for each kernel, in build/kmod/SERIES
#: userspace     the nft extension, nft-quic, quic-inspect, quicd and quicc, in build/
.PHONY: modules userspace
modules:
	@mkdir -p $(BUILD); for k in $(KERNEL); do \
		flock $(BUILD)/.lock-modules $(IN_ROOT) --kernel $$k make -s -C kmod O=/src/build/kmod/$$k >&2 || exit 1; \
	done

userspace:
	@$(call LOCKED,sh -ec 'make -s -j$(JOBS) -C quicd; make -s -j$(JOBS) -C nft-ext; make -s -j$(JOBS) -C inspect; \
		make -s -j$(JOBS) -C admin') >&2

#: compile_commands.json  for editors and clangd
.PHONY: compile_commands.json
compile_commands.json:
	@$(MAKE) modules KERNEL=$(KERNEL_MAIN)
	@root=$$($(RIG)/mkroot main) && $(IN_ROOT) tests/rig/compile-commands $(CURDIR) $$root $(KERNEL_MAIN) >$@.tmp
	@mv $@.tmp $@

#: fuzz          every fuzz target for FUZZ_S seconds, with libFuzzer's own output
#: bench         all figures against the alternatives:
.PHONY: fuzz bench
fuzz:
	@$(IN_ROOT) --root fuzz make -C tests/fuzz fuzz FUZZ_S=$(FUZZ_S)

#: check-nft-suite nftables' own tests, from the tree NFTABLES_SRC=..., with stock nft and with the facade
.PHONY: check-nft-suite
check-nft-suite: userspace
	@[ -n "$(NFTABLES_SRC)" ] || { echo "NFTABLES_SRC: a source tree of nftables, of the version $(SUITE) has" >&2; exit 2; }
	@$(IN_ROOT) --mnt "$(NFTABLES_SRC)" tests/nft/suite /mnt $(TEST)

#: bench-nft     what the nft facade costs, as ratios to stock nft
.PHONY: bench-nft
bench-nft: userspace
	@$(IN_ROOT) tests/bench/nft

#: bench-core    what the core takes for a flow, as ratios to a floor (tests/bench/README.md)
.PHONY: bench-core
bench-core:
	@tests/bench/core/kernel/build $(KERNELS)
	@$(IN_ROOT) --root bench make -s -j$(JOBS) -C tests/bench/core run

#: bench-kmod    what the module adds to a datagram's way, as ratios to a stock rule; SIZE= connections
.PHONY: bench-kmod
bench-kmod:
	@tests/bench/kmod/run

#: bench-quicd   quicd's HTTP/3 against nginx's and HAProxy's
.PHONY: bench-quicd
bench-quicd: userspace
	@$(IN_ROOT) sh -c 'tests/quicd/bench/run build/quicd && ip link set lo mtu 1500 && \
		echo "with the MTU of Ethernet:" && tests/quicd/bench/run build/quicd'

#: bench-quicd-cpu  the processor time of each kind of transfer, beside nginx, HAProxy, caddy and BUILDS= (other builds of quicd)
.PHONY: bench-quicd-cpu
bench-quicd-cpu: userspace
	@$(IN_ROOT) tests/quicd/bench/cpu build/quicd $(BUILDS)

bench: bench-nft bench-core bench-kmod bench-quicd

#: interop       check-e2e and check-browsers in their long form (each pair moves 100 MiB), then
#:               docs/interop.md and tests/captures from them
#: interop-runner  docs/interop-runner.md: the public interop runner's cases with quicd, nginx, HAProxy and caddy
#:               (CASE=, SERVER=, CLIENT=, names with commas between, run some again)
#: moving-table  the table of docs/moving.md from what check-moving found
#: machines-table  that of docs/machines.md from what check-arm64, -arm64-core, -s390x, -i386, -packages and
#:               -kernels-ahead found
#: stacks        docs/stacks.md: what QUIC clients and servers do, on loopback
.PHONY: interop
interop: export LONG := 1
interop: check-e2e check-browsers
	@$(IN_ROOT) tests/e2e/interop

.PHONY: interop-runner
interop-runner: export CASE := $(CASE)
interop-runner: export SERVER := $(SERVER)
interop-runner: export CLIENT := $(CLIENT)
interop-runner: userspace
	@$(IN_ROOT) --root go sh -c 'make -s -C tests/e2e O=/src/build/e2e quicgo && \
		dpkg-query -W -f "\$${Version}" golang-github-lucas-clemente-quic-go-dev >build/e2e/quicgo.version' >&2
	@$(IN_ROOT) tests/interop/run

.PHONY: stacks
stacks: userspace
	@tests/stacks/run

#: install       into this system (or DESTDIR), built with what this system has;
#:               MODULE=dkms leaves the module to DKMS, which builds it for new kernels, too
#: uninstall     take it away again (MODULE=dkms as installed)
#: deb           Debian packages, in build/deb; SUITE=bookworm: those of Debian 12, in build/deb-bookworm
#: repo          a signed apt repository of both, in build/repo (KEY=FILE: a secret key to sign with)
.PHONY: install uninstall deb repo clean distclean
deb:
	@tests/packages/deb $(SUITE)

repo:
	@tests/packages/deb $(SUITE)
	@[ $(SUITE) = $(OLD_SUITE) ] || tests/packages/deb $(OLD_SUITE)
	@tests/packages/repo $(KEY)

$(if $(filter-out dkms,$(MODULE)),$(error MODULE=$(MODULE): only dkms is known))
DKMS := $(if $(filter dkms,$(MODULE)),dkms-)

install:
	$(MAKE) -C kmod $(DKMS)install
	$(MAKE) -C nft-ext install
	$(MAKE) -C admin install
	$(MAKE) -C inspect install
	$(MAKE) -C quicd install

uninstall:
	$(MAKE) -C nft-ext uninstall
	$(MAKE) -C admin uninstall
	$(MAKE) -C inspect uninstall
	$(MAKE) -C quicd uninstall
	$(MAKE) -C kmod $(DKMS)uninstall

#: clean         remove what was built; the roots and downloads stay
#: distclean     remove these too
clean:
	rm -rf $(filter-out $(BUILD)/roots $(BUILD)/cache,$(wildcard $(BUILD)/*))

distclean:
	rm -rf $(BUILD)
