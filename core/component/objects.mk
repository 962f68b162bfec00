# SPDX-License-Identifier: Apache-2.0
# Components: unprivileged programs, their grants and system calls.
obj-y += channel.o component.o create.o exit.o finish.o news.o notify.o payer.o reset.o run.o serve.o \
	space.o syscall.o
