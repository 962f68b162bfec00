# SPDX-License-Identifier: Apache-2.0
obj-y += command.o console.o escape.o output.o pl011.o port.o setup.o show.o mmio.o
