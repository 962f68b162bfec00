/* SPDX-License-Identifier: Apache-2.0 */
#define MULTIBOOT2
#include "tests/guests/flat/multiboot.S"
