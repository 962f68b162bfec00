# SPDX-License-Identifier: Apache-2.0
obj-y += copy.o exit.o guest.o life.o load.o random.o region.o sweep.o tree.o vcpu.o
