# SPDX-License-Identifier: Apache-2.0
# The one Makefile of Mullion. `make help` lists targets and variables; docs/build.md explains.
# arch/$(ARCH)/arch.mk has the parts of an architecture.
#
# Every room (a directory with sources) is named in `rooms` below and lists its objects in its own
# objects.mk as `obj-y += file.o` or `obj-$(CONFIG_X) += file.o`. All paths here are relative to the
# source's top or lie under $(O). So a build gives the same bytes in every directory.

MAKEFLAGS += -rR --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
unexport LANGUAGE
export LC_ALL := C

ARCH ?= arm64
O ?= build/$(ARCH)
V ?= 0
FUZZ_SECONDS ?= 8
PYTHON := /usr/bin/python3

ifneq ($(words $(CURDIR)),1)
$(error the path of this checkout, $(CURDIR), has a blank, which make cannot handle; move it)
endif
empty :=
arches := $(patsubst arch/%/arch.mk,%,$(sort $(wildcard arch/*/arch.mk)))
ifeq ($(filter $(ARCH),$(arches)),)
$(error ARCH=$(ARCH) is not known: it is $(subst $(empty) , or ,$(arches)))
endif
ifneq ($(words $(O)),1)
$(error O=$(O) is no usable directory name: it has blanks)
endif
quiet := $(if $(filter 0,$(V)),@)
silent := $(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS))))
say = $(if $(filter 0,$(V)$(silent)),@printf '  %-8s%s\n' $(1) $(patsubst $(O)/%,%,$(2)),@:)

all:

# --- Configuration --------------------------------------------------------------------------------
# $(O)/.config is what `make menuconfig` writes; without one, configs/$(ARCH)_defconfig is taken.
# auto.conf is the same for make, autoconf.h the same for C: every source includes it first.

generated := $(O)/include/generated
autoconf := $(generated)/autoconf.h
kconfig := ARCH=$(ARCH) KCONFIG_CONFIG=$(O)/.config $(PYTHON) -m
no-config-goals := bench bench-update clean help menuconfig defconfig mutate

builds := $(if $(MAKECMDGOALS),$(filter-out $(no-config-goals),$(MAKECMDGOALS)),all)
ifneq ($(filter menuconfig defconfig,$(MAKECMDGOALS))$(if $(wildcard $(generated)/auto.conf),,$(builds)),)
ifneq ($(shell $(PYTHON) -c 'import kconfiglib' 2>/dev/null && echo yes),yes)
$(error $(PYTHON) has no kconfiglib; scripts/setup installs what a build needs)
endif
endif
ifneq ($(builds),)
ifneq ($(shell mkdir -p $(O) 2>/dev/null && test -w $(O) && echo yes),yes)
$(error cannot write to $(O); is the checkout read-only? Name a directory that can be written to: O=...)
endif
include $(generated)/auto.conf
endif

$(O)/.config:
	$(call say,CONFIG,configs/$(ARCH)_defconfig)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(kconfig) defconfig --kconfig Kconfig configs/$(ARCH)_defconfig >$(O)/config.log || { cat $(O)/config.log; exit 1; }

$(generated)/auto.conf: $(O)/.config Kconfig
	$(quiet)mkdir -p $(@D)
	$(quiet)$(kconfig) genconfig --header-path $(autoconf) --config-out $@ Kconfig
	$(quiet)touch $@

menuconfig:
	@test -t 0 && test -t 1 || { echo 'menuconfig needs a terminal on its standard input and' \
		'output; without one, write options such as CONFIG_LOG_DEBUG=y into $(O)/.config' >&2; exit 1; }
	$(quiet)mkdir -p $(O)
	$(quiet)$(kconfig) menuconfig Kconfig

defconfig:
	$(quiet)mkdir -p $(O)
	$(quiet)$(kconfig) defconfig --kconfig Kconfig configs/$(ARCH)_defconfig

# --- Compilers ------------------------------------------------------------------------------------
# CC given on the command line wins; LLVM=1 is short for CC=clang. CC in the environment is ignored.
#
# arch.mk sets, before anything else is read:
#   flavours        what is compiled (see below): `core` for a machine, or programs of this one
#   rooms-arch      its rooms;  hot-arch: its objects that serve exits, built fast
#   CROSS_COMPILE   prefix of the GNU tools;  clang-target: the same for Clang
#   flags-arch      of every freestanding program;  flags-arch-core: what the core has beside them,
#   flags-arch-user: what guests and components have
#   make-image      the recipe of mullion.bin out of mullion.elf

include arch/$(ARCH)/arch.mk
HOSTCC ?= gcc
FUZZ_CC ?= clang

ifneq ($(origin CC),command line)
CC := $(if $(LLVM),clang,$(CROSS_COMPILE)gcc)
endif
clang := $(findstring clang,$(notdir $(firstword $(CC))))
ifneq ($(clang),)
target := $(clang-target)
LD := ld.lld
NM := llvm-nm
OBJCOPY := llvm-objcopy
else
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
endif
AR := ar

# Stop with one line of advice if a tool that the goals need is not installed.
need = $(if $(shell command -v $(firstword $(1)) 2>/dev/null),,$(error $(firstword $(1)) is not \
	installed; scripts/setup installs what a build needs))
ifneq ($(builds),)
$(call need,$(CC))
$(call need,$(AR))
$(if $(filter core,$(flavours)),$(foreach tool,$(HOSTCC) $(LD) $(NM) $(OBJCOPY),$(call need,$(tool))))
$(if $(filter fuzz fuzz-programs $(O)/fuzzers/%,$(builds)),$(call need,$(FUZZ_CC)))
endif

# --- Flags ----------------------------------------------------------------------------------------

includes := -include $(autoconf) -Iinclude -Iarch/include -Iarch/$(ARCH)/include -I.
strict := -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Werror
warnings := $(strict) -Wconversion
repeatable := -ffile-prefix-map=$(O)/=build/ -ffile-prefix-map=$(abspath $(O))/=build/ \
	-ffile-prefix-map=$(CURDIR)=.
common := -std=gnu17 -g -fno-common -fno-omit-frame-pointer $(includes) $(repeatable) \
	$(if $(clang),-ffile-compilation-dir=. -Wthread-safety,-gno-record-gcc-switches)

freestanding := -O2 -ffreestanding -fno-pic -fno-pie -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -fno-delete-null-pointer-checks -fno-builtin \
	-ffunction-sections -fdata-sections -falign-functions=4 \
	$(if $(clang),,-falign-jumps=1 -falign-loops=1 -falign-labels=1)
freestanding += $(if $(CONFIG_STACK_PROTECTOR),-fstack-protector-strong,-fno-stack-protector)

sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all

flags-core = $(common) $(warnings) $(freestanding) $(target) $(flags-arch) $(flags-arch-core)
flags-plain := $(common) $(warnings) -O2
flags-test := $(common) $(warnings) -O1 $(sanitizers)
flags-fuzz := $(filter-out -gno-record-gcc-switches -ffile-compilation-dir=.,$(common)) $(warnings) \
	-O1 $(sanitizers) -fsanitize=fuzzer-no-link
cc-core := $(CC)
cc-plain := $(CC)
cc-test := $(CC)
cc-fuzz := $(FUZZ_CC)

# --- Rooms ----------------------------------------------------------------------------------------

rooms := lib config core/boot core/component core/guest core/heap core/irq core/manage core/mem \
	core/sched core/thread core/time
rooms += $(rooms-arch)

objects :=
define add-room
obj-y :=
include $(1)/objects.mk
objects += $$(addprefix $(1)/,$$(obj-y))
endef
$(foreach room,$(rooms),$(eval $(call add-room,$(room))))
objects := $(sort $(objects))

# $(O)/<flavour>/<path>.o from <path>.c or .S. The flavours: core, or plain (host programs),
# test (host, sanitizers) and fuzz (host, sanitizers and coverage). A room may set
# `cflags-<path>.o` for one object; EXTRA_CFLAGS comes from the command line.
# Only what an exit can be served by is built fast; the rest is built small.
hot := core/guest/region.o core/sched/priority.o core/sched/sched.o core/sched/wake.o lib/spinlock.o \
	lib/string.o $(hot-arch)
# There a canary guards functions with arrays only, not each that passes a local by address.
size-core = $(if $(filter $(hot),$(1)),$(if $(CONFIG_STACK_PROTECTOR),-fstack-protector),-Os)
command = $(cc-$(1)) $(flags-$(1)) $(call size-$(1),$(2)) $(cflags-$(2)) $(EXTRA_CFLAGS)
# Objects do not depend on the directory of the tree: a copy of the tree may use them.
recorded = $(filter-out -ffile-prefix-map=%,$(call command,$(1)))

define add-archive
$(1): $(2)
	$$(call say,AR,$$@)
	$$(quiet)rm -f $$@
	$$(quiet)$(AR) rcsD $$@ $$^
endef

define add-flavour
$(O)/$(1)/%.o: %.c $(O)/$(1)/.flags | $(generated)/auto.conf
	$$(call say,CC,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$$(call command,$(1),$$*.o) -MMD -MP -c -o $$@ $$<

$(O)/$(1)/%.o: %.S $(O)/$(1)/.flags | $(generated)/auto.conf
	$$(call say,AS,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$$(call command,$(1),$$*.o) -D__ASSEMBLY__ -MMD -MP -c -o $$@ $$<

$(O)/$(1)/.flags: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(call recorded,$(1)) $(LD)' | cmp -s - $$@ || \
		printf '%s\n' '$$(call recorded,$(1)) $(LD)' >$$@

$(call add-archive,$(O)/$(1)/libmullion.a,$(objects:%=$(O)/$(1)/%))
endef
$(foreach flavour,$(flavours),$(eval $(call add-flavour,$(flavour))))

FORCE:

# --- The core ---------------------------------------------------------------------------------------
# Linked twice: the addresses of the first link give the table of function names that backtraces
# use, the second has the table. It stands behind all code, so code must not move; that is checked.

ifneq ($(filter core,$(flavours)),)
core-objects := $(objects:%=$(O)/core/%)
ldflags := -nostdlib -static --no-undefined --gc-sections --build-id=none -z noexecstack \
	-z max-page-size=4096 $(if $(clang),,--no-warn-rwx-segments)
lds := $(O)/core/mullion.lds

all: $(O)/mullion.elf $(O)/mullion.bin

$(lds): arch/$(ARCH)/mullion.lds.S $(O)/core/.flags | $(generated)/auto.conf
	$(quiet)$(call command,core) -D__ASSEMBLY__ -E -P -MMD -MP -MT $@ -MF $@.d -x assembler-with-cpp -o $@ $<

$(O)/tools/symbols: tools/symbols.c
	$(call say,HOSTCC,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(HOSTCC) -std=c17 -D_POSIX_C_SOURCE=200809L -O2 $(warnings) -o $@ $<

$(O)/core/symbols-0.S: $(O)/tools/symbols
	$(quiet)$< </dev/null >$@

$(O)/core/symbols-%.S: $(O)/core/mullion-%.elf $(O)/tools/symbols
	$(quiet)$(NM) -n $< | $(O)/tools/symbols >$@

$(O)/core/symbols-%.o: $(O)/core/symbols-%.S
	$(quiet)$(call command,core) -g0 -c -o $@ $<

link = $(LD) $(ldflags) -T $(lds) -o $@ $(core-objects) $(1)

$(O)/core/mullion-1.elf: $(core-objects) $(O)/core/symbols-0.o $(lds)
	$(quiet)$(call link,$(O)/core/symbols-0.o)

$(O)/mullion.elf: $(core-objects) $(O)/core/symbols-1.o $(O)/core/symbols-1.S $(lds)
	$(call say,LD,$@)
	$(quiet)$(call link,$(O)/core/symbols-1.o)
	$(quiet)$(NM) -n $@ | $(O)/tools/symbols | cmp - $(O)/core/symbols-1.S || \
		{ echo '$@: code moved between the two links' >&2; rm -f $@; exit 1; }

$(O)/mullion.bin: $(O)/mullion.elf
	$(call say,IMAGE,$@)
	$(quiet)$(make-image)

.SECONDARY:
endif

# --- Host programs, unit tests, fuzzers -----------------------------------------------------------

ifneq ($(filter plain,$(flavours)),)
all: $(O)/plain/libmullion.a tools

# tools/<name>.c or tools/<name>/*.c -> $(O)/tools/<name>. Their common part is tools/common, an
# archive that tests can use as well. symbols belongs to the core's link.
tool-common := $(patsubst %.c,%.o,$(sort $(wildcard tools/common/*.c)))
tool-names := $(filter-out symbols common,$(patsubst tools/%.c,%,$(wildcard tools/*.c)) \
	$(patsubst tools/%/,%,$(sort $(dir $(wildcard tools/*/*.c)))))
tool-objects = $(patsubst %.c,%.o,$(sort $(wildcard tools/$(1).c tools/$(1)/*.c)))

$(eval $(call add-archive,$(O)/plain/libtools.a,$(tool-common:%=$(O)/plain/%)))

define add-tool
$(O)/tools/$(1): $(patsubst %,$(O)/plain/%,$(call tool-objects,$(1)) libtools.a libmullion.a)
	$$(call say,LD,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$(cc-plain) -o $$@ $$^ -lfdt -lmd -lz
endef
$(foreach tool,$(tool-names),$(eval $(call add-tool,$(tool))))
# The programs look for these here: a header for descriptions that lie elsewhere, and the translation
# of Microkit's systems.
tool-files := include/dt-bindings/mullion.h tools/from-microkit $(wildcard tools/microkit/*.py)
tools: $(tool-names:%=$(O)/tools/%) $(tool-files:%=$(O)/%)

$(tool-files:%=$(O)/%): $(O)/%: %
	$(quiet)mkdir -p $(@D)
	$(quiet)cp $< $@

# tests/unit/<room>/test_<x>.c -> $(O)/unit/<room>/test_<x>, with what it uses of tests/unit/support
# and tools/common.
# UNIT=<pattern> chooses programs by name, e.g. UNIT=heap/test_page or UNIT=%fdt%.
tests-relaxed := -Wno-conversion -Wno-sign-conversion -Itests/unit
unit-sources := $(sort $(wildcard tests/unit/*/test_*.c))
support := $(patsubst %.c,%.o,$(sort $(wildcard tests/unit/support/*.c)))
unit-all := $(unit-sources:tests/unit/%.c=%)
unit-names := $(if $(UNIT),$(filter $(UNIT),$(unit-all)) $(foreach u,$(UNIT),$(filter %/$(u),$(unit-all))),$(unit-all))
$(foreach s,$(unit-sources:.c=.o) $(support),$(eval cflags-$(s) += $(tests-relaxed)))
$(eval $(call add-archive,$(O)/test/libsupport.a,$(patsubst %,$(O)/test/%,$(support) $(tool-common))))
$(eval $(call add-archive,$(O)/fuzz/libsupport.a,$(patsubst %,$(O)/fuzz/%,$(support) $(tool-common))))

$(unit-all:%=$(O)/unit/%): $(O)/unit/%: $(O)/test/tests/unit/%.o $(O)/test/libsupport.a \
		$(O)/test/libmullion.a
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(cc-test) $(sanitizers) -o $@ $^ -lcmocka -lfdt -lmd -lz

unit-programs: $(unit-names:%=$(O)/unit/%)
unit: unit-programs
	$(quiet)scripts/run-unit $(O)/unit $(unit-names)

# tests/sim/*.c -> $(O)/sim/sim: SEEDS seeds, or SEED alone. spin_unlock() is wrapped: another CPU
# may continue there.
SEEDS ?= 2000
sim-objects := $(patsubst %.c,%.o,$(sort $(wildcard tests/sim/*.c)))
$(foreach s,$(sim-objects),$(eval cflags-$(s) += $(tests-relaxed)))

$(O)/sim/sim: $(sim-objects:%=$(O)/test/%) $(O)/test/libsupport.a $(O)/test/libmullion.a
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(cc-test) $(sanitizers) -Wl,--wrap=spin_unlock,--wrap=arch_user_run \
		-Wl,--wrap=sched_charged,--wrap=payer_account -o $@ $^

sim: $(O)/sim/sim
	$(quiet)$< $(SEEDS) $(SEED)

# tests/fuzz/fuzz_<x>.c -> $(O)/fuzzers/fuzz_<x>, run FUZZ_SECONDS on tests/fuzz/corpus/<x>.
# FUZZ=<x> chooses targets.
fuzz-sources := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz-all := $(fuzz-sources:tests/fuzz/fuzz_%.c=%)
fuzz-names := $(if $(FUZZ),$(filter $(FUZZ),$(fuzz-all)),$(fuzz-all))
$(foreach s,$(fuzz-sources:.c=.o),$(eval cflags-$(s) += $(tests-relaxed)))

$(fuzz-all:%=$(O)/fuzzers/fuzz_%): $(O)/fuzzers/fuzz_%: $(O)/fuzz/tests/fuzz/fuzz_%.o \
		$(O)/fuzz/libsupport.a $(O)/fuzz/libmullion.a
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(cc-fuzz) $(sanitizers) -fsanitize=fuzzer -o $@ $^ -lfdt -lmd -lz

fuzz-programs: $(fuzz-names:%=$(O)/fuzzers/fuzz_%)
fuzz: fuzz-programs
	$(quiet)scripts/run-fuzz $(O)/fuzzers $(FUZZ_SECONDS) $(fuzz-names)

.SECONDARY:
endif

# --- Test programs that run inside guests, and components: unprivileged programs ------------------

# An architecture that is being built may lack one of them.
ifneq ($(filter core,$(flavours)),)
guests:
ifneq ($(wildcard tests/guests/lib/$(ARCH)),)
include tests/guests/objects.mk
endif
-include $(wildcard tests/guests/$(ARCH).mk)
include tests/linux/objects.mk

components:
ifneq ($(wildcard components/lib/$(ARCH)),)
include components/objects.mk
endif
include tests/components/hostile/objects.mk
endif

# --- For editors and checkers ---------------------------------------------------------------------

database-flavour := $(firstword $(filter core test,$(flavours)))
database-objects := $(objects) $(component-objects) $(unit-sources:.c=.o) $(support) $(sim-objects) \
	$(fuzz-sources:.c=.o) \
	$(tool-common) $(foreach tool,$(tool-names),$(call tool-objects,$(tool)))
database-guest-objects := $(addsuffix .o,$(filter tests/%,$(guest-lib)) \
	$(foreach guest,$(guest-names),$(call guest-sources,$(guest))))
# flavour:source, of each source
database = $(foreach o,$(database-objects),$(addprefix $(database-flavour):,$(wildcard $(o:.o=.c)))) \
	$(foreach o,$(database-guest-objects),$(addprefix guest:,$(wildcard $(o:.o=.c)))) \
	$(addprefix linux:,$(addsuffix .c,$(linux-programs)))

define database-entry
  { "directory": "$(CURDIR)", "file": "$(2)",
    "command": "$(call command,$(1),$(2:.c=.o)) -c $(2)" }
endef
define newline


endef
comma := ,

compile_commands.json: $(O)/compile_commands.json
	$(quiet)cp $< $@

$(O)/compile_commands.json: FORCE | $(generated)/auto.conf
	$(file >$@,[)
	$(foreach s,$(database),$(file >>$@,$(call database-entry,$(firstword $(subst :, ,$(s))),$(lastword $(subst :, ,$(s))))$(if $(filter $(s),$(lastword $(database))),,$(comma))))
	$(file >>$@,])
	$(call say,JSON,$@)

# --- Benchmark: counts against tests/bench/table.json ----------------------------------------------

# BENCH: bench_x86 or bench for one architecture's rows.
BENCH ?= bench bench_x86
bench bench-update:
	$(quiet)scripts/fetch
	$(quiet)scripts/fetch --arch amd64 linux-6.1 busybox
	$(quiet)$(MAKE) ARCH=arm64 O=build/arm64 all guests
	$(quiet)$(MAKE) ARCH=x86_64 O=build/x86_64 all components guests
	$(quiet)$(MAKE) ARCH=host O=build/host all
	$(quiet)set -e; for suite in $(BENCH); do \
		$(PYTHON) tests/system/$$suite.py $(if $(filter bench-update,$@),--update); \
	done

# --- Faults on purpose: the lists of tests/mutate --------------------------------------------------

mutate:
	$(quiet)scripts/fetch
	$(quiet)$(MAKE) ARCH=arm64 O=build/arm64 all components guests
	$(quiet)$(MAKE) ARCH=x86_64 O=build/x86_64 all components guests
	$(quiet)$(MAKE) ARCH=host O=build/host all unit-programs
	$(quiet)$(PYTHON) tests/mutate/mutate.py $(if $(MUTATION),--filter '$(MUTATION)')

# --- The rest -------------------------------------------------------------------------------------

clean:
	rm -rf $(O)

help:
	@sed -n 's/^#: \{0,1\}//p' $(MAKEFILE_LIST)

.PHONY: all bench bench-update clean compile_commands.json components defconfig fuzz fuzz-programs \
	guests help menuconfig mutate sim tools unit unit-programs FORCE

# Which headers each object was made from, as the compilers wrote it down.
-include $(shell find $(O) -name '*.d' 2>/dev/null)

#: make [ARCH=architecture|host] [O=directory] [target...]
#:
#:   all            a machine's: mullion.elf, mullion.bin, components/; host: the library and tools/
#:   tools          host: pack, check
#:   unit           host: build and run the unit tests       (UNIT=heap/test_page)
#:   sim            host: the simulator of the scheduler     (SEEDS=2000, or SEED=17 alone)
#:   fuzz           host: build and run the fuzzers          (FUZZ=cpio FUZZ_SECONDS=8)
#:   guests         the test and benchmark guests
#:   components     the programs that run beside the core (part of all), and those of tests
#:   bench          count instructions and compare with the table (bench-update: accept the counts)
#:   mutate         break the code on purpose, and see the tests go red  (MUTATION=regex)
#:   menuconfig     change the configuration in O=
#:   defconfig      go back to configs/<ARCH>_defconfig
#:   compile_commands.json
#:   clean          remove O=
#:
#:   O=build/ARCH   where everything goes
#:   LLVM=1         Clang and lld in place of GCC (or CC=clang-14)
#:   EXTRA_CFLAGS=  added to every compilation
#:   V=1            show commands
#:
#: Everything at once, with set-up of the machine: ./run and ./test.
