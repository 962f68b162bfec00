# SPDX-License-Identifier: Apache-2.0
obj-y += state.o thread.o work.o
