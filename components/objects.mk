# SPDX-License-Identifier: Apache-2.0
# Components: unprivileged programs. Included by the top Makefile with ARCH=arm64: each is a
# directory whose objects.mk lists what tests share, and a main.c; linked with components/lib and
# the few parts of lib/ that they use, compiled once more for this place.

component-names := console mterm vmm
component-lib := $(addprefix components/lib/,runtime serial arm64/start arm64/sys) \
	lib/string lib/format lib/err

flags-component := $(common) $(warnings) -O2 -ffreestanding -fno-pic -fno-pie -fno-builtin \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-stack-protector \
	-fno-delete-null-pointer-checks -ffunction-sections -fdata-sections \
	$(target-arm64) -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics \
	-mbranch-protection=none
cc-component := $(CC)
$(eval $(call add-flavour,component))

define add-component
obj-y := main.o
include components/$(1)/objects.mk
component-objects-$(1) := $$(patsubst %,$(O)/component/%.o,$(component-lib)) \
	$$(addprefix $(O)/component/components/$(1)/,$$(obj-y))

$(O)/components/$(1).elf: $$(component-objects-$(1)) components/lib/arm64/component.lds
	$$(call say,LD,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$(LD) -nostdlib -static --gc-sections --build-id=none -z noexecstack \
		-z max-page-size=4096 -T components/lib/arm64/component.lds -o $$@ \
		$$(component-objects-$(1))

components: $(O)/components/$(1).elf
endef
$(foreach name,$(component-names),$(eval $(call add-component,$(name))))

include components/hostile/objects.mk
all: components
