# SPDX-License-Identifier: Apache-2.0
# What the top Makefile has to know of x86-64; it says there what each variable is for.
flavours := core
rooms-arch := arch/x86_64 arch/common arch/x86_64/pure drivers drivers/irqchip
hot-arch := $(addprefix arch/x86_64/,exit.o fetch.o user.o vcpu.o svm/event.o svm/exit.o svm/svm.o \
	vmx/event.o vmx/exit.o vmx/vmcs.o vmx/vmx.o pure/cpuid.o pure/guest_code.o pure/lapic.o \
	pure/lapic_bus.o pure/length.o pure/msr.o)

CROSS_COMPILE ?= $(if $(filter x86_64,$(shell uname -m)),,x86_64-linux-gnu-)
clang-target := --target=x86_64-linux-gnu

# No FP and no vectors: the guest's registers stay in the CPU. No red zone: interrupts and exceptions
# of the core use the same stack.
flags-arch := -m64 -march=x86-64 -mno-red-zone -mgeneral-regs-only -fcf-protection=none
# The core runs in the last 2 GiB of the address space. The canary is a variable, because FS and GS
# are the guest's.
flags-arch-core := -mcmodel=kernel \
	$(if $(CONFIG_STACK_PROTECTOR),-mstack-protector-guard=global)
flags-arch-user :=

make-image = $(OBJCOPY) -O binary --set-section-flags .bss=alloc,load,contents $< $@
