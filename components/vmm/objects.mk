# SPDX-License-Identifier: Apache-2.0
# The vmm without its program's frame (main.c), for tests and fuzzers.
obj-y += pl011.o pl031.o vmm.o
