# SPDX-License-Identifier: Apache-2.0
# Parts of the contract that are the same on every machine. Each is compiled with the architecture's
# inline functions (asm/core_entry.h); arch/host has its own.
obj-y += backtrace.o boot.o cpus.o mmu.o thread.o
