# SPDX-License-Identifier: Apache-2.0
# The network's switch without the program's frame (main.c).
obj-y += service.o switch.o
