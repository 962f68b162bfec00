# SPDX-License-Identifier: Apache-2.0
obj-y += log.o state.o thread.o work.o
