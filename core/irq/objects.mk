# SPDX-License-Identifier: Apache-2.0
# Host interrupts.
obj-y += irq.o preempt.o
