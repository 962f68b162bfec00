# SPDX-License-Identifier: Apache-2.0
# The way in, the core's own address space, CPUs and exceptions.
obj-y += boot.o cache.o early.o efi.o head.o mmu.o smp.o switch.o thread.o time.o trap.o
obj-y += irq.o platform.o virq_access.o virq_hold.o virq_interrupt.o virq_life.o virq_lr.o virq_sgi.o virq_update.o
obj-y += controls.o debug.o exit.o extra.o figures.o fp.o inject.o predict.o record.o smccc.o sysregs.o timer.o user.o user_entry.o vcpu.o vectors.o
obj-$(CONFIG_STEPS) += steps.o
