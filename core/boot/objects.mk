# SPDX-License-Identifier: Apache-2.0
obj-y += $(if $(CONFIG_ARCH_HOST),,main.o)
