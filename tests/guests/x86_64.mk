# SPDX-License-Identifier: Apache-2.0
# The test guests of x86-64: flat programs in 32-bit protected mode, which the core loads as kernel-type
# "raw". The top Makefile includes this file for ARCH=x86_64.
flat-programs := main hostile witness devices
flat-common := $(patsubst %,$(O)/guest32/tests/guests/flat/%.o,start lib)
cc-guest32 := $(CC)
flags-guest32 := $(common) $(warnings) $(target) -m32 -O2 -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing
$(eval $(call add-flavour,guest32))

# The benchmark guest runs in long mode; its ELF file has PVH's note for the bare machine.
bench-objects := $(patsubst %,$(O)/guest64/tests/guests/bench/x86_64/%.o,start main)
cc-guest64 := $(CC)
flags-guest64 := $(common) $(warnings) $(target) -m64 -O2 -ffreestanding -fno-pic -fno-pie \
	-mcmodel=small -mno-red-zone -fno-stack-protector -mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing
$(eval $(call add-flavour,guest64))

$(O)/guests/bench.elf: $(bench-objects) tests/guests/bench/x86_64/guest.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
		-z max-page-size=4096 -T tests/guests/bench/x86_64/guest.lds -o $@ $(bench-objects)

$(flat-programs:%=$(O)/guests/flat-%.elf): $(O)/guests/flat-%.elf: $(flat-common) \
		$(O)/guest32/tests/guests/flat/%.o tests/guests/flat/guest.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -m elf_i386 -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
		-T tests/guests/flat/guest.lds -o $@ $(filter %.o,$^)

$(O)/guests/flat-hostile.elf: $(O)/guest32/tests/guests/flat/hostile_second.o
$(O)/guests/flat-main.elf: $(O)/guest32/tests/guests/flat/state.o

$(O)/guests/%.img: $(O)/guests/%.elf
	$(call say,OBJCOPY,$@)
	$(quiet)$(OBJCOPY) -O binary $< $@

# The same as Multiboot kernels, and a page of firmware.
multiboot-kernels := multiboot multiboot2 devices-multiboot
$(O)/guests/flat-multiboot.elf $(O)/guests/flat-multiboot2.elf: \
		$(O)/guests/flat-%.elf: $(addprefix $(O)/guest32/tests/guests/flat/,main.o state.o) \
		$(O)/guest32/tests/guests/flat/%.o
$(O)/guests/flat-devices-multiboot.elf: \
		$(addprefix $(O)/guest32/tests/guests/flat/,devices.o multiboot.o)
$(multiboot-kernels:%=$(O)/guests/flat-%.elf): $(flat-common) tests/guests/flat/guest.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -m elf_i386 -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
		-T tests/guests/flat/guest.lds -o $@ $(filter %.o,$^)

$(O)/guests/reset.img: $(O)/guest32/tests/guests/reset/start.o
	$(call say,OBJCOPY,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(OBJCOPY) -O binary -j .text $< $@

guests: $(multiboot-kernels:%=$(O)/guests/flat-%.elf) $(O)/guests/reset.img
guests: $(flat-programs:%=$(O)/guests/flat-%.img) $(O)/guests/bench.img

# The entry checks, for the bare machine.
entry-objects := $(patsubst %,$(O)/guest64/%.o,tests/guests/entry/start tests/guests/entry/main \
	arch/x86_64/pure/entry arch/x86_64/pure/entry_guest)
$(O)/guests/entry.elf: $(entry-objects) tests/guests/flat/guest.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
		-z max-page-size=4096 -T tests/guests/flat/guest.lds -o $@ $(entry-objects)

guests: $(O)/guests/entry.elf
