# SPDX-License-Identifier: Apache-2.0
# The console without the program's frame (main.c), and the UART drivers of its architecture.
obj-y += command.o console.o escape.o keys.o output.o port.o program.o setup.o show.o
obj-y += $(if $(filter x86_64,$(ARCH)),x86_64/ns16550.o,arm64/pl011.o)
