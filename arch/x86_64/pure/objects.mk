# SPDX-License-Identifier: Apache-2.0
# Parts without assembly or system registers: compiled for host builds too.
obj-y += cpuid.o
obj-y += msr.o
obj-y += cr.o
obj-y += lapic.o lapic_bus.o lapic_timer.o
obj-y += ioapic.o
obj-y += length.o guest_code.o guest_walk.o
obj-y += exception.o insn_state.o mcheck.o predict.o
obj-y += aml.o decode.o boot.o boot_block.o boot_kernel.o guest_acpi.o host.o kernel.o kernel_elf.o multiboot.o
obj-y += multiboot_info.o platform.o
obj-y += acpi.o host_tree.o loader.o handover.o mtrr.o pte.o
obj-y += cmos.o entry.o entry_guest.o offers.o
