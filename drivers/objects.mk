# SPDX-License-Identifier: Apache-2.0
obj-y += psci.o
obj-y += uart/pl011.o
