/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the fuzzers: libFuzzer's entry, and a check that ends the process in every build. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/** LLVMFuzzerTestOneInput() - run one input of @size bytes. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
