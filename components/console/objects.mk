# SPDX-License-Identifier: Apache-2.0
# The console without its program's frame (main.c), for tests and fuzzers.
obj-y += console.o corelog.o port.o screen.o uart.o
