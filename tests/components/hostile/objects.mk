# SPDX-License-Identifier: Apache-2.0
# The hostile component, for tests: it shares nothing with the others, not even their runtime.
flags-hostile := $(common) $(warnings) -O2 -ffreestanding -fno-pic -fno-pie -fno-builtin \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-stack-protector \
	-fno-delete-null-pointer-checks \
	$(target) $(flags-arch) $(flags-arch-user)
cc-hostile := $(CC)
$(eval $(call add-flavour,hostile))

hostile-objects := $(O)/hostile/tests/components/hostile/main.o \
	$(O)/hostile/tests/components/hostile/$(ARCH)/raw.o

$(O)/components/hostile.elf: $(hostile-objects) tests/components/hostile/hostile.lds
	$(call say,LD,$@)
	$(quiet)mkdir -p $(@D)
	$(quiet)$(LD) -nostdlib -static --build-id=none -z noexecstack -z max-page-size=4096 \
		-T tests/components/hostile/hostile.lds -o $@ $(hostile-objects)

components: $(O)/components/hostile.elf
