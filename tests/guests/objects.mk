# SPDX-License-Identifier: Apache-2.0
# Test programs that run inside guests. The top Makefile includes this file unless ARCH=host:
# `make guests` builds $(O)/guests/<name>.img. On arm64 each is an Image: Mullion loads it as
# kernel-type "linux", and it also runs on a bare machine at EL1.
#
# A program is a directory with every .c and .S in it. It is linked with tests/guests/lib, the
# architecture's directory there, and the files of lib/ that it uses, compiled for this place.

guest-names := contract hostile witness bench spin scan flood rtos ticks
guest-lib-dirs := tests/guests/lib tests/guests/lib/$(ARCH)
guest-lib := $(basename $(sort $(foreach dir,$(guest-lib-dirs),$(wildcard $(dir)/*.c $(dir)/*.S)))) \
	lib/string lib/format lib/err lib/fdt/read lib/fdt/value
guest-sources = $(basename $(sort $(wildcard tests/guests/$(1)/*.c tests/guests/$(1)/*.S)))

# Where the Image header asks to be put behind a 2 MiB boundary; 0 unless said here.
text-offset-contract := 0x80000

flags-guest := $(common) $(warnings) -O2 -ffreestanding -fpie -fvisibility=hidden -fno-builtin \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-stack-protector \
	-fno-delete-null-pointer-checks -ffunction-sections -fdata-sections \
	$(target) $(flags-arch) $(flags-arch-user) -Itests/guests/lib -Itests/guests/lib/$(ARCH)
cc-guest := $(CC)
guest-ldflags := -nostdlib -pie --no-dynamic-linker -z text -z norelro -z noexecstack \
	--gc-sections --build-id=none -z max-page-size=4096 \
	$(if $(clang),,--no-warn-rwx-segments)

# The guest that is built as an ELF executable as well, $(O)/guests/<name>-fixed.elf.
guest-fixed := $(if $(filter arm64,$(ARCH)),rtos)
guest-fixed-base := 0x40080000

$(eval $(call add-flavour,guest))

define add-guest
$(O)/guests/$(1).elf: $(patsubst %,$(O)/guest/%.o,$(guest-lib) $(call guest-sources,$(1))) \
		tests/guests/lib/$(ARCH)/guest.lds
	$$(call say,LD,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$(LD) $(guest-ldflags) --defsym=text_offset=$(or $(text-offset-$(1)),0) \
		-T tests/guests/lib/$(ARCH)/guest.lds -o $$@ $$(filter %.o,$$^)

$(O)/guests/$(1).img: $(O)/guests/$(1).elf
	$$(call say,OBJCOPY,$$@)
	$$(quiet)$(OBJCOPY) -O binary $$< $$@

guests: $(O)/guests/$(1).img
-include $(patsubst %,$(O)/guest/%.d,$(guest-lib) $(call guest-sources,$(1)))
endef
$(foreach guest,$(guest-names),$(if $(call guest-sources,$(guest)),\
	$(eval $(call add-guest,$(guest)))))

define add-fixed-guest
$(O)/guests/$(1)-fixed.elf: $(O)/guests/$(1).elf
	$$(call say,LD,$$@)
	$$(quiet)$(LD) $(filter-out -pie --no-dynamic-linker,$(guest-ldflags)) \
		--defsym=text_offset=0 --defsym=base=$(guest-fixed-base) \
		-T tests/guests/lib/$(ARCH)/guest.lds -o $$@ \
		$(patsubst %,$(O)/guest/%.o,$(guest-lib) $(call guest-sources,$(1)))

guests: $(O)/guests/$(1)-fixed.elf
endef
$(foreach guest,$(guest-fixed),$(eval $(call add-fixed-guest,$(guest))))
