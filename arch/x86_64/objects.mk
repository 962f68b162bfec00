# SPDX-License-Identifier: Apache-2.0
# The way in, the core's own address space, CPUs and exceptions.
obj-y += boot/setup.o boot/start.o boot/trampoline.o
obj-y += boot.o describe.o efi.o entropy.o irq.o loader.o mcheck.o mmu.o platform.o power.o rtc.o smp.o stages.o switch.o tables.o
obj-y += thread.o time.o trap.o trap_entry.o user.o user_entry.o vcpu.o boot_write.o
obj-y += execute.o exit.o fetch.o fpu.o guest.o predict.o svm/enter.o svm/event.o svm/exit.o svm/reset.o svm/svm.o
obj-y += vmx/controls.o vmx/enter.o vmx/event.o vmx/exit.o vmx/reset.o vmx/vmcs.o vmx/vmx.o

# It runs before the core's own tables, wherever the firmware has loaded the image.
cflags-arch/x86_64/efi.o := -mcmodel=small -fpie -fno-stack-protector
