# SPDX-License-Identifier: Apache-2.0
# Components: programs that run beside the core, without its privileges. The top Makefile includes
# this file unless ARCH=host: $(O)/components/<name>.elf, a static executable as lib/elf.c loads it.
#
# A component is a directory: the objects of its objects.mk, and main.c, which a host build leaves
# out. It is linked with components/lib and the parts of lib/ that it uses, compiled for this place.

component-names := $(filter-out lib,$(patsubst components/%/main.c,%,$(wildcard components/*/main.c)))
# For tests alone, linked with the same runtime.
test-component-names := relay holder

component-list = $(addprefix components/$(1)/,$(obj-y))
define read-component
obj-y :=
include components/$(1)/objects.mk
component-$(1) := $$(call component-list,$(1))
endef
$(foreach name,lib $(component-names),$(eval $(call read-component,$(name))))
component-objects := $(component-lib) \
	$(foreach name,$(component-names),$(component-$(name)) components/$(name)/main.o) \
	$(test-component-names:%=tests/components/%/main.o)
# The walk of a guest's page tables: the vmm executes instructions.
component-vmm += $(if $(filter x86_64,$(ARCH)),arch/x86_64/pure/guest_walk.o)
component-lib += lib/date.o lib/string.o lib/format.o lib/similar.o lib/err.o

flags-component := $(common) $(warnings) -O2 -ffreestanding -fno-pic -fno-pie -fno-builtin \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-stack-protector \
	-fomit-frame-pointer \
	-ffunction-sections -fdata-sections $(target) $(flags-arch) $(flags-arch-user)
cc-component := $(CC)
component-ldflags := -nostdlib -static --no-undefined --gc-sections --build-id=none -z noexecstack \
	-z max-page-size=4096

$(eval $(call add-flavour,component))

# Its name, and its directory.
define add-component
$(O)/components/$(1).elf: $(patsubst %,$(O)/component/%,$(component-lib) $(component-$(1)) \
		$(2)/$(1)/main.o) components/lib/$(ARCH)/component.lds
	$$(call say,LD,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$(LD) $(component-ldflags) -T components/lib/$(ARCH)/component.lds -o $$@ \
		$$(filter %.o,$$^)

components: $(O)/components/$(1).elf
endef
$(foreach name,$(component-names),$(eval $(call add-component,$(name),components)))
$(foreach name,$(test-component-names),$(eval $(call add-component,$(name),tests/components)))
all: $(component-names:%=$(O)/components/%.elf)
