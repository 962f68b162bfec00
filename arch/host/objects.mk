# SPDX-License-Identifier: Apache-2.0
# The core as a Linux process.
obj-y += platform.o machine.o vcpu.o irqchip.o loop.o user.o
