# SPDX-License-Identifier: Apache-2.0
# Programs for Linux in a guest, without a C library: $(O)/guests/linux/<name>. The top Makefile
# includes this file unless ARCH=host. A program of one architecture lies in its directory.
linux-programs := $(basename $(wildcard tests/linux/*.c tests/linux/$(ARCH)/*.c))

cc-linux := $(CC)
flags-linux := $(common) $(warnings) -O2 -ffreestanding -fno-pic -fno-pie -fno-builtin \
	-fno-asynchronous-unwind-tables -fno-stack-protector $(target) $(flags-arch) \
	$(flags-arch-user) -Itests/linux/$(ARCH)
$(eval $(call add-flavour,linux))

define add-linux-program
$(O)/guests/linux/$(notdir $(1)): $(O)/linux/$(1).o
	$$(call say,LD,$$@)
	$$(quiet)mkdir -p $$(@D)
	$$(quiet)$(LD) -static --build-id=none -z noexecstack -z max-page-size=65536 -o $$@ $$<

guests: $(O)/guests/linux/$(notdir $(1))
-include $(O)/linux/$(1).d
endef
$(foreach program,$(linux-programs),$(eval $(call add-linux-program,$(program))))
