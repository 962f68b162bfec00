# SPDX-License-Identifier: Apache-2.0
# The terminal without its program's frame (main.c) and its port, which tests and fuzzers replace.
obj-y += act.o command.o complete.o echo.o edit.o fields.o help.o memory.o mode.o notes.o output.o
obj-y += profile.o record.o report.o table.o term.o top.o tree.o use.o
obj-y += $(if $(filter host,$(ARCH)),,port.o)
