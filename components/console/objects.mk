# SPDX-License-Identifier: Apache-2.0
# All of the console without the program's frame (main.c).
obj-y += command.o console.o escape.o keys.o output.o pl011.o port.o program.o setup.o show.o
