# SPDX-License-Identifier: Apache-2.0
obj-$(CONFIG_ARCH_ARM64) += main.o
