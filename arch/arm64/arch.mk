# SPDX-License-Identifier: Apache-2.0
# What the top Makefile has to know of arm64; it says there what each variable is for.
flavours := core
rooms-arch := arch/arm64 arch/common arch/arm64/pure drivers drivers/irqchip
hot-arch := $(addprefix arch/arm64/,exit.o irq.o virq_access.o virq_interrupt.o virq_sgi.o virq_update.o \
	pure/vgic.o pure/vgic_lists.o pure/vgic_regs.o)

CROSS_COMPILE ?= aarch64-linux-gnu-
clang-target := --target=aarch64-linux-gnu

# No FP in the core: the guest's stays live in the registers. No LSE call-outs: there is no libgcc.
flags-arch := -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics
# The core and its data lie within a megabyte: one instruction takes an address. The linker reports
# a configuration that is larger.
flags-arch-core := -mcmodel=tiny \
	-mbranch-protection=$(if $(CONFIG_BRANCH_PROTECTION),standard,none)
flags-arch-user := -mbranch-protection=none

make-image = $(OBJCOPY) -O binary --set-section-flags .bss=alloc,load,contents $< $@
