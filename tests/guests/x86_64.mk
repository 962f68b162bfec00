# SPDX-License-Identifier: Apache-2.0
# The test guest of x86-64: a flat program in 32-bit protected mode, which the core loads as kernel-type
# "raw". The top Makefile includes this file for ARCH=x86_64.
flat-objects := $(patsubst %,$(O)/guest32/tests/guests/flat/%.o,start main)
cc-guest32 := $(CC)
flags-guest32 := $(common) $(warnings) $(target) -m32 -O2 -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing
$(eval $(call add-flavour,guest32))

$(O)/guests/flat.elf: $(flat-objects) tests/guests/flat/guest.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -m elf_i386 -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
		-T tests/guests/flat/guest.lds -o $@ $(flat-objects)

$(O)/guests/flat.img: $(O)/guests/flat.elf
	$(call say,OBJCOPY,$@)
	$(quiet)$(OBJCOPY) -O binary $< $@

guests: $(O)/guests/flat.img
