# SPDX-License-Identifier: Apache-2.0
# The service of disks without the program's frame (main.c).
obj-y += blk.o gpt.o partitions.o share.o
