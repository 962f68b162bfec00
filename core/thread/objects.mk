# SPDX-License-Identifier: Apache-2.0
# Threads of the core, and what they wait for.
obj-y += log.o thread.o waitqueue.o
