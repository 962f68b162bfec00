/* SPDX-License-Identifier: Apache-2.0 */
/* config/host.c: the result is valid for any tree from firmware. */
#include <mullion/host.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define MAX_BYTES 4096

/* Sorted, apart from each other, none empty or wrapping. */
static void check_ranges(const struct host_range *list, u32 count, u32 max)
{
	CHECK(count <= max);
	for (u32 i = 0; i < count; i++) {
		CHECK(list[i].size > 0 && list[i].base + list[i].size > list[i].base);
		CHECK(i == 0 || list[i - 1].base + list[i - 1].size < list[i].base);
	}
}

static void check_host(const struct host *host)
{
	CHECK(host->num_cpus <= HOST_MAX_CPUS);
	for (u32 i = 0; i < host->num_cpus; i++)
		for (u32 j = 0; j < i; j++)
			CHECK(host->cpus[i].identity != host->cpus[j].identity);
	check_ranges(host->memory, host->num_memory, HOST_MAX_MEMORY);
	check_ranges(host->reserved, host->num_reserved, HOST_MAX_RESERVED);
	CHECK(host->arch.arm64.num_gicr <= ARRAY_SIZE(host->arch.arm64.gicr));
	CHECK(host->arch.arm64.maintenance_irq < 5120);
	for (u32 i = 0; i < ARRAY_SIZE(host->arch.arm64.timer_irq); i++)
		CHECK(host->arch.arm64.timer_irq[i] < 5120);
	CHECK(host->initrd_start <= host->initrd_end);
	CHECK(host->num_kept <= HOST_MAX_KEPT);
	CHECK(memchr(host->compatible, 0, sizeof(host->compatible)) != NULL);
	CHECK(memchr(host->bootargs, 0, sizeof(host->bootargs)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host;
	struct fdt fdt;
	enum err err;
	u8 *blob;

	if (size > MAX_BYTES)
		return 0;
	blob = malloc(size == 0 ? 1 : size);
	CHECK(blob != NULL);
	memcpy(blob, data, size);
	if (fdt_open(&fdt, blob, size) == OK) {
		err = host_read(&fdt, &host);
		CHECK(err == OK || err == ERR_FORMAT || err == ERR_TOO_BIG);
		if (err == OK)
			check_host(&host);
	}
	free(blob);
	return 0;
}
