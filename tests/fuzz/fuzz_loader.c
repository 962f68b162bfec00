/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/loader.c: any loader's information, memory maps included. The first byte is the
 * protocol; the rest is the memory from BASE on. */
#include "arch/x86_64/pure/loader.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define BASE 0x10000u

static const u8 *input;
static size_t input_size;
static void *copies[16]; /* of exact size, so that each read behind one is seen */
static u32 num_copies;

static const u8 *map_input(void *context, u64 pa, u64 bytes)
{
	void *copy;

	(void)context;
	if (pa < BASE || pa - BASE > input_size || bytes > input_size - (pa - BASE))
		return NULL;
	CHECK(num_copies < ARRAY_SIZE(copies));
	copy = malloc(bytes);
	CHECK(copy != NULL);
	memcpy(copy, input + (pa - BASE), bytes);
	copies[num_copies++] = copy;
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct acpi_memory memory = { .map = map_input };
	static struct host_facts facts;
	const char *what = NULL;
	enum err err;

	if (size == 0)
		return 0;
	input = data + 1;
	input_size = size - 1;
	memset(&facts, 0, sizeof(facts));
	err = loader_parse(&memory, data[0] % 6, BASE, &facts, &what);
	CHECK(err == OK || (err == ERR_FORMAT && what != NULL));
	CHECK(facts.num_memory <= HOST_MAX_MEMORY && facts.initrd_start <= facts.initrd_end);
	CHECK(facts.command_line[sizeof(facts.command_line) - 1] == '\0');
	for (u32 i = 0; i < facts.num_memory; i++)
		CHECK(facts.memory[i].base >= MIB(1) && facts.memory[i].size >= PAGE_SIZE &&
		      facts.memory[i].base + facts.memory[i].size > facts.memory[i].base);
	while (num_copies > 0)
		free(copies[--num_copies]);
	return 0;
}
