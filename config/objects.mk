# SPDX-License-Identifier: Apache-2.0
# The description: device tree -> struct system, every check, the diagnostics.
config-objects := load.o schema.o tables.o diag.o inherit.o system.o parse.o component.o channel.o \
	schedule.o limit.o region.o dma.o irq.o vcpu.o space.o image.o place.o budget.o supplied.o
obj-y += host.o $(config-objects)
# It runs once, at boot: smaller is better than faster.
ifeq ($(ARCH),arm64)
$(foreach o,$(config-objects),$(eval cflags-config/$(o) := -Os))
endif
