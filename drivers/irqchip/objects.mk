# SPDX-License-Identifier: Apache-2.0
# Interrupt controllers.
obj-$(CONFIG_ARCH_ARM64) += gic.o
obj-$(CONFIG_ARCH_ARM64) += gicv2.o
obj-$(CONFIG_ARCH_ARM64) += gicv3.o
obj-$(CONFIG_ARCH_X86_64) += apic.o
