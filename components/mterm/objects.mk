# SPDX-License-Identifier: Apache-2.0
# The terminal without its program's frame (main.c), for tests and fuzzers.
obj-y += act.o command.o complete.o edit.o fields.o help.o notes.o memory.o output.o record.o table.o term.o top.o tree.o use.o
