# SPDX-License-Identifier: Apache-2.0
obj-y += copy.o exit.o guest.o life.o load.o profile.o region.o run.o sweep.o tree.o vcpu.o
