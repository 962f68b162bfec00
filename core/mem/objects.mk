# SPDX-License-Identifier: Apache-2.0
# RAM of guests and components, and their address spaces.
obj-y += ram.o scrub.o space.o window.o
