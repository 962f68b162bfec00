# SPDX-License-Identifier: Apache-2.0
obj-y += sched.o budget.o donate.o query.o round_robin.o starve.o state.o wake.o
obj-$(CONFIG_SCHED_PRIORITY) += priority.o
obj-$(CONFIG_SCHED_WINDOWS) += windows.o
