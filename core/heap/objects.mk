# SPDX-License-Identifier: Apache-2.0
# The core's own memory.
obj-y += page.o
