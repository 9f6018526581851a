# crash: one program, one Makefile. `make help` lists what it can do.
# SPDX-License-Identifier: GPL-3.0-or-later

PREFIX ?= /usr/local
MAKEFLAGS += -j$(shell nproc)
CC = gcc
CXX = g++
VERSION := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGES.md 2>/dev/null | head -n 1)

ifdef SAN
B := build/san
CRASH := crash-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZERS := $(B)/tests/sanitizers.o
else
B := build/plain
CRASH := crash
endif

WARNINGS := -Wall -Wextra -Werror
COMMON := -O2 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DCRASH_VERSION='"$(VERSION)"' -iquote . $(SANFLAGS)
CFLAGS += -std=gnu17 $(WARNINGS) -Wmissing-prototypes -Wstrict-prototypes $(COMMON)
LIBS := -lreadline -lncurses -lz -llzo2 -lsnappy -lzstd -lbz2 -llzma -llz4 -lm -lpthread -ldl

# The folders are the layers (ARCHITECTURE.md); includes name the path from the top. Not -I.: our memory.h would hide
# the system's.
FOLDERS := base dump names containers kernel kernel/unwind kernel/mm kernel/fs kernel/irq kernel/time kernel/sched kernel/locking kernel/workqueue shell show start
CORE := $(filter-out main.c,$(wildcard *.c $(FOLDERS:%=%/*.c)))
COMMANDS := $(wildcard commands/*.c)
GDB_OBJECTS := $(patsubst %.cc,$(B)/%.o,$(wildcard bridge/*.cc))
OBJECTS := $(CORE:%.c=$(B)/%.o) $(COMMANDS:%.c=$(B)/%.o) $(B)/command_table.o $(GDB_OBJECTS)
UNIT_TESTS := $(patsubst tests/unit/test_%.c,$(B)/tests/test_%,$(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))

.PHONY: all deps demo check check-all bench install format clean help gdb unit-tests lab
all: $(CRASH)

# GDB is built once, outside the tree, and found by its key: version, patches, configuration.
GDB_DIR = $(shell tools/build-gdb --key)
gdb:
	@MAKEFLAGS= tools/build-gdb

$(B)/gdb.ready: tools/build-gdb $(wildcard gdb-patches/*)
	@mkdir -p $(@D)
	@MAKEFLAGS= tools/build-gdb
	@touch $@

$(GDB_OBJECTS): $(B)/%.o: %.cc bridge/gdb_internal.hh bridge/gdb_bridge.h base/util.h base/regs.h $(B)/gdb.ready
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	@# Without our include paths: our headers' names would hide GDB's.
	@$(CXX) -O2 -g $(WARNINGS) $(SANFLAGS) $$(cat $(GDB_DIR)/compile.flags) -c -o $@ $<

$(B)/command_table.c: tools/gen-commands $(COMMANDS)
	@mkdir -p $(@D)
	@tools/gen-commands $(COMMANDS) >$@.new && mv $@.new $@

$(B)/command_table.o: $(B)/command_table.c
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libcrash.a: $(OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

# C objects are linked whole: the kname records of every file must be in the program.
$(CRASH): $(B)/main.o $(OBJECTS) $(SANITIZERS)
	@echo "  LINK $@"
	@# Extensions see our functions, not GDB's.
	@$(CXX) $(SANFLAGS) -rdynamic -Wl,--exclude-libs,libcrashgdb.a -o $@ $^ $$(cat $(GDB_DIR)/link.flags) $(LIBS)

$(B)/tests/%: $(B)/tests/unit/%.o $(UNIT_HELPERS) $(SANITIZERS) $(B)/libcrash.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CXX) $(SANFLAGS) -o $@ $< $(UNIT_HELPERS) $(SANITIZERS) $(B)/libcrash.a -lcmocka $$(cat $(GDB_DIR)/link.flags) $(LIBS)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libcrash.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CXX) -o $@ $^ $$(cat $(GDB_DIR)/link.flags) $(LIBS)

# Fuzz targets: clang's libFuzzer over our C files without GDB, in a build folder of their own.
F := build/fuzz
FUZZ_CHECKS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# A target that makes less than some thousand inputs a second finds nothing: memory is 1 MB, and a search of it short.
FUZZ_SIZES := -DFAKE_PAGES=256 -DKALLSYMS_SEARCH_BYTES='(60ULL << 10)' \
	-DKALLSYMS_MOST_STEPS='(1ULL << 18)' -DKALLSYMS_CHUNK_BYTES='(64ULL << 10)'
FUZZ_CFLAGS := -std=gnu17 $(WARNINGS) -Wno-unused-but-set-variable -O1 -gline-tables-only -fno-omit-frame-pointer \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DCRASH_VERSION='"$(VERSION)"' -iquote . -Itests/unit $(FUZZ_CHECKS) \
	$(FUZZ_SIZES)
FUZZ_OBJECTS := $(CORE:%.c=$(F)/%.o) $(patsubst %.c,$(F)/%.o,$(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(F)/%,$(wildcard tests/fuzz/fuzz_*.c))

$(F)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZ $<"
	@clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(F)/libfuzz.a: $(FUZZ_OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

# mmap and its kin are ours, so that the end of a mapped file is the end of a heap block.
$(F)/fuzz_%: $(F)/tests/fuzz/fuzz_%.o $(F)/tests/fuzz/fuzz.o $(F)/tests/fuzz/stubs.o $(F)/libfuzz.a
	@echo "  LINK $@"
	@clang $(FUZZ_CHECKS) -fsanitize=fuzzer -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise -o $@ $^ $(LIBS)

-include $(wildcard $(FUZZ_OBJECTS:.o=.d) $(F)/tests/fuzz/*.d)

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)
fuzz: deps-if-missing
	@$(MAKE) --no-print-directory fuzz-programs
	@tests/fuzz/run --seconds $(or $(FUZZ_SECONDS),300) $(T)

# Static analysis. A stamp a file, so that a rerun looks only at what changed; .clang-tidy says what clang looks for.
# gcc -fanalyzer adds pointers that a function of ours may give as NULL. Its search for leaks is left to the builds with
# sanitizers: our scopes end by longjmp(), and what they own is given back by cleanups.
L := build/lint
LINT_CFLAGS := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DCRASH_VERSION='""' -iquote . -Itests/unit
LINT_core := $(CORE) main.c
LINT_commands := $(COMMANDS)

$(L)/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@echo "  LINT $<"
	@clang -MM -MP -MT $@ -MF $(@:.ok=.d) $(LINT_CFLAGS) $<
	@$(CC) $(LINT_CFLAGS) -O1 -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -Wno-analyzer-fd-leak \
		-Werror -c -o /dev/null $< 2>&1
	@clang-tidy --quiet $< -- $(LINT_CFLAGS) >$(@:.ok=.log) 2>/dev/null || { cat $(@:.ok=.log); exit 1; }
	@touch $@

.PHONY: lint lint-core lint-commands
lint: deps-if-missing
	@$(MAKE) --no-print-directory -k lint-core lint-commands
lint-core: $(LINT_core:%.c=$(L)/%.ok)
lint-commands: $(LINT_commands:%.c=$(L)/%.ok)
-include $(wildcard $(LINT_core:%.c=$(L)/%.d) $(LINT_commands:%.c=$(L)/%.d))

# A header that is gone: what was made with it is made anew.
%.h: ;

.SECONDARY:
-include $(wildcard $(B)/main.d $(OBJECTS:.o=.d) $(B)/tests/unit/*.d)

unit-tests: $(UNIT_TESTS)

deps:
	@tools/deps install

# Nothing is installed by a plain `make`; these two do all set-up.
demo check check-all bench: deps-if-missing
deps-if-missing:
	@tools/deps prepare
.PHONY: deps-if-missing

# A second make: what the first one installed may be what the flags above ask for.
demo:
	@$(MAKE) --no-print-directory $(CRASH)
	@tests/lab/lab dump 6.12 sysrq
	@dump=$$(tests/lab/lab path 6.12 sysrq) && exec ./$(CRASH) $$dump/vmlinux $$dump/vmcore

KERNELS_SHORT := 6.1 6.12
KERNELS_ALL := 5.10 6.1 6.12 7.x 7.3
# Other builds than Debian's for clouds: source files have other paths there, so that not every test fits.
FLAVOURS_ALL := 6.12-rt 6.12-stock
FLAVOURS_PARTS := kmem truth/vm/ translations swapped truth/ps truth/bt truth/log fields/
check: export KERNELS ?= $(KERNELS_SHORT)
check-all: export KERNELS ?= $(KERNELS_ALL)
check-all: FLAVOURS := $(FLAVOURS_ALL)
check check-all:
	@$(MAKE) --no-print-directory $(CRASH) unit-tests fuzz-programs
	@tests/lab/lab all $(KERNELS)
	@CRASH_PROGRAM=$(CRASH) tests/run --build $(B) -k "$(T)" $(KERNELS)
	@[ -z "$(FLAVOURS)" ] || [ -n "$(T)" ] || { tests/lab/lab all $(FLAVOURS) && for part in $(FLAVOURS_PARTS); do \
		CRASH_PROGRAM=$(CRASH) tests/run --build $(B) -k $$part $(FLAVOURS) || exit 1; done; }

bench:
	@$(MAKE) --no-print-directory crash
	@tests/lab/lab all 6.12
	@tests/bench/run

install: crash
	install -D -m 755 crash $(DESTDIR)$(PREFIX)/bin/crash
	mkdir -p $(DESTDIR)$(PREFIX)/share/man/man8
	./crash --man >$(DESTDIR)$(PREFIX)/share/man/man8/crash.8
	mkdir -p $(DESTDIR)$(PREFIX)/share/crash
	rm -rf $(DESTDIR)$(PREFIX)/share/crash/gdb
	cp -r $(GDB_DIR)/data-directory $(DESTDIR)$(PREFIX)/share/crash/gdb

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null | grep -v '^gdb-patches/\|^tests/lab/')
format:
	clang-format -i $(FORMATTED)

clean:
	rm -rf build crash crash-san

help:
	@sed -n 's/^#: //p' Makefile

#: make                 build ./crash (GDB is built once into a cache outside the tree)
#: make deps            install what deps.list names (as root, with apt), or say what is missing
#: make demo            build, boot and crash a 6.12 kernel, open its dump
#: make check           all tests on 6.1 and 6.12; T=name runs one
#: make check-all       all tests on every kernel of the lab
#: make lint            clang's analyzer and clang-tidy over our C files, as make check does
#: make fuzz            libFuzzer on every target, FUZZ_SECONDS=300 each; T=name runs one
#: make bench           timings against crash 9 and drgn
#: make install         DESTDIR= PREFIX=/usr/local
#: make format          clang-format over our own code
#: SAN=1                with make, demo, check or check-all: AddressSanitizer and UBSan build
#: GDB_TARBALL=FILE     take GDB's source from the upstream tarball
