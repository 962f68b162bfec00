# SPDX-License-Identifier: Apache-2.0
obj-y += psci.o
obj-$(CONFIG_PL011) += uart/pl011.o
