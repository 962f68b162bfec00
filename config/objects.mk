# SPDX-License-Identifier: Apache-2.0
# The description: device tree -> struct system, every check, the diagnostics.
config-objects := tables.o value.o diag.o arena.o runnable.o interrupts.o system.o guest.o region.o component.o \
	grant.o channel.o network.o schedule.o schema.o shared.o check_region.o check_dma.o check_irq.o check_vcpu.o \
	check_component.o check_image.o check_tree.o place.o budget.o load.o
obj-y += host.o $(config-objects)
# It runs once, at boot: smaller is better than faster.
ifeq ($(ARCH),arm64)
$(foreach o,$(config-objects),$(eval cflags-config/$(o) := -Os))
endif
