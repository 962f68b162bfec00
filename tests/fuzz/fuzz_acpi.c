/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/acpi.c: tables of any firmware, and the tree that is written of them. The input
 * is the memory from BASE on. */
#include "arch/x86_64/pure/acpi.h"

#include <mullion/fdt.h>
#include <mullion/host.h>

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define BASE      0x1000u
#define MAX_BYTES 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
	void *copies[512]; /* of exact size, so that each read behind one is seen */
	size_t num_copies;
};

static const u8 *map_input(void *context, u64 pa, u64 bytes)
{
	struct input *input = context;
	void *copy;

	if (pa < BASE || pa - BASE > input->size || bytes > input->size - (pa - BASE) ||
	    input->num_copies == ARRAY_SIZE(input->copies))
		return NULL;
	copy = malloc(bytes == 0 ? 1 : bytes);
	CHECK(copy != NULL);
	memcpy(copy, input->data + (pa - BASE), bytes);
	input->copies[input->num_copies++] = copy;
	return copy;
}

static void check_facts(const struct host_facts *facts)
{
	static u8 blob[HOST_TREE_BYTES] __aligned(8);
	static struct host host;
	struct fdt fdt;
	enum err err;
	u32 bytes;

	CHECK(facts->num_cpus <= HOST_MAX_CPUS);
	CHECK(facts->num_ioapics <= X86_MAX_IOAPICS);
	CHECK(facts->num_overrides <= FACTS_MAX_OVERRIDES);
	CHECK(facts->pm_timer <= UINT16_MAX && facts->pm1a_control <= UINT16_MAX);
	CHECK(facts->uart.space != REGISTER_PORT || facts->uart.address <= UINT16_MAX);
	CHECK(host_tree_write(facts, blob, sizeof(blob), &bytes) == OK);
	CHECK(fdt_open(&fdt, blob, bytes) == OK);
	err = host_read(&fdt, &host);
	CHECK(err == OK || err == ERR_FORMAT);
	CHECK(err != OK || host.num_cpus == facts->num_cpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct host_facts facts;
	struct input input = { .data = data, .size = size };
	const struct acpi_memory memory = { .map = map_input, .context = &input };
	enum err err;

	if (size > MAX_BYTES)
		return 0;
	facts = (struct host_facts){ .rsdp = acpi_find_rsdp(data, BASE, size) };
	err = acpi_read(&memory, &facts);
	CHECK(err == OK || err == ERR_NOT_FOUND || err == ERR_FORMAT);
	if (err == OK)
		check_facts(&facts);
	while (input.num_copies > 0)
		free(input.copies[--input.num_copies]);
	return 0;
}
