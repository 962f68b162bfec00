# SPDX-License-Identifier: Apache-2.0
obj-$(CONFIG_ARCH_ARM64) += psci.o
obj-$(CONFIG_ARCH_ARM64) += uart/pl011.o
obj-$(CONFIG_ARCH_X86_64) += uart/ns16550.o
