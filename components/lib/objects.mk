# SPDX-License-Identifier: Apache-2.0
# The runtime of components, without its system calls.
obj-y += runtime.o serial.o
