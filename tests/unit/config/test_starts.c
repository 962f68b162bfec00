/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A description that passes the checks starts (support/starts.h). The descriptions are random.
 * SEED=N (environment) runs that one alone, and prints the messages of checks and core. SEEDS=N
 * runs N of them.
 */
#include "support/test.h"

#include <mullion/config.h>

#include "arch/host/host.h"
#include "support/starts.h"

#define SEEDS      300
#define TREE_BYTES MIB(1)

static u64 random_state;

/* splitmix64 */
static u64 below(u64 limit)
{
	u64 x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % limit;
}

static bool once_in(u64 count)
{
	return below(count) == 0;
}

/* --- A description ------------------------------------------------------------------------------
 */

static struct fdt_writer w;
static u32 next_irq, next_device, num_components;
static u32 max_irqs; /* of a device */

static void put_u64(const char *name, u64 value)
{
	fdt_put_u64(&w, name, value);
}

static void begin(const char *stem, u32 number)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s%u", stem, number);
	fdt_begin(&w, name);
}

/* Up to @max interrupts of the machine; they seldom are another's. */
static void put_irqs(const char *name, u32 max)
{
	u32 cells[3 * 70], count = (u32)below(max + 1);

	for (u32 i = 0; i < count; i++) {
		cells[3 * i] = 0;
		cells[3 * i + 1] = next_irq++ % 980;
		cells[3 * i + 2] = once_in(2) ? 1 : 4;
	}
	if (count > 0)
		fdt_put_cells(&w, name, cells, 3 * count);
}

static void put_device(u64 bytes)
{
	put_u64("host-address", UINT64_C(0x10000000) + next_device++ * UINT64_C(0x100000));
	put_u64("size", bytes);
	fdt_put_string(&w, "compatible", "arm,pl061");
	put_irqs("interrupts", max_irqs);
}

static u64 some_pages(u64 max)
{
	return (1 + below(max)) * PAGE_SIZE;
}

/* Where regions may lie: also where bounds are. */
static u64 some_address(u32 index)
{
	static const u64 bases[] = { 0x40000000,   0x20000000,   0x7ffff00000,
				     0x8000000000, 0xffffe00000, 0x1000000 };

	return bases[once_in(3) ? below(ARRAY_SIZE(bases)) : 0] + index * UINT64_C(0x800000);
}

static void put_memory(u32 index, bool rom)
{
	fdt_put_string(&w, "type", rom ? "rom" : "ram");
	put_u64("guest-address", some_address(index));
	put_u64("size", index == 0 ? MIB(1) + some_pages(512) : some_pages(1024));
	if (once_in(5))
		put_u64("host-address",
			HOST_RAM_BASE + STARTS_HEAP + below(STARTS_RAM / PAGE_SIZE) * PAGE_SIZE);
}

static void put_region(u32 index, bool has_vmm)
{
	static const char *const models[] = { "pl011", "pl031", "virtio-console" };

	begin("r", index);
	switch (index == 0 ? 0 : below(has_vmm ? 5 : 4)) {
	case 0: put_memory(index, false); break;
	case 1: put_memory(index, true); break;
	case 2:
		fdt_put_string(&w, "type", "alias");
		fdt_put_string(&w, "alias-of", "r0");
		put_u64("guest-address", some_address(index));
		break;
	case 3:
		fdt_put_string(&w, "type", "device");
		put_u64("guest-address", some_address(index));
		put_device(some_pages(4));
		break;
	default:
		fdt_put_string(&w, "type", "virtual");
		fdt_put_string(&w, "device", models[below(ARRAY_SIZE(models))]);
		put_u64("guest-address", some_address(index));
		put_u64("size", PAGE_SIZE);
		fdt_put_cells(&w, "interrupts", (u32[]){ 0, 900 + index % 60, 4 }, 3);
	}
	fdt_end(&w);
}

static void put_aspace_of_component(void)
{
	u32 count = (u32)below(once_in(8) ? 30 : 4);

	fdt_begin(&w, "aspace");
	for (u32 i = 0; i < count; i++) {
		begin("g", i);
		if (once_in(2)) {
			fdt_put_string(&w, "type", "memory");
			put_u64("size", some_pages(64));
		} else {
			fdt_put_string(&w, "type", "device");
			put_device(some_pages(4));
		}
		fdt_end(&w);
	}
	fdt_end(&w);
}

static void put_guest(const char *stem, u32 number, u32 instances)
{
	u32 regions = 1 + (u32)below(once_in(8) ? 60 : 5);
	bool has_vmm = once_in(2);

	begin(stem, number);
	if (instances > 0)
		fdt_put_u32(&w, "instances", instances);
	else if (!once_in(6))
		fdt_put_empty(&w, "autostart");
	fdt_put_string(&w, "kernel", "kernel.bin");
	fdt_put_string(&w, "kernel-type", "raw");
	fdt_begin(&w, "vcpus");
	fdt_put_u32(&w, "count", 1 + (u32)below(once_in(10) ? 64 : 4));
	fdt_end(&w);
	if (has_vmm) {
		fdt_begin(&w, "vmm");
		if (num_components > 0 && once_in(2))
			fdt_put_string(&w, "console", "c0");
		put_aspace_of_component();
		fdt_end(&w);
	}
	fdt_begin(&w, "aspace");
	for (u32 i = 0; i < regions; i++)
		put_region(i, has_vmm);
	fdt_end(&w);
	fdt_end(&w);
}

static void put_components(void)
{
	fdt_begin(&w, "components");
	for (u32 i = 0; i < num_components; i++) {
		begin("c", i);
		fdt_put_string(&w, "program", "vmm.elf");
		if (once_in(3))
			fdt_put_empty(&w, "manages");
		put_aspace_of_component();
		fdt_end(&w);
	}
	fdt_end(&w);
	fdt_begin(&w, "channels");
	for (u32 i = 0; num_components > 1 && i < below(once_in(8) ? 60 : 4); i++) {
		begin("l", i);
		fdt_put_strings(&w, "between", (const char *const[]){ "c0", "c1" }, 2);
		put_u64("size", below(257) * PAGE_SIZE);
		fdt_end(&w);
	}
	fdt_end(&w);
}

/* Returns bytes of the tree. */
static u32 describe(void *blob)
{
	u32 guests = 1 + (u32)below(once_in(8) ? CONFIG_MAX_GUESTS : 4), bytes;

	next_irq = next_device = 0;
	num_components = (u32)below(4);
	max_irqs = once_in(3) ? 50 : 3;
	fdt_writer_init(&w, blob, TREE_BYTES);
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,system");
	fdt_begin(&w, "vmm");
	fdt_put_empty(&w, "stay");
	fdt_end(&w);
	fdt_begin(&w, "guests");
	for (u32 i = 0; i < guests; i++)
		put_guest("a", i, 0);
	fdt_end(&w);
	fdt_begin(&w, "templates");
	if (once_in(3))
		put_guest("t", 0, 1 + (u32)below(once_in(4) ? 16 : 2));
	fdt_end(&w);
	put_components();
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &bytes), OK);
	return bytes;
}

/* --- The property -------------------------------------------------------------------------------
 */

/* Returns 1 if it passes and starts, 0 if it is refused. */
static u32 try_tree(u32 (*make)(void *blob), u64 seed, void *blob)
{
	struct fdt tree;

	random_state = seed;
	assert_int_equal(fdt_open(&tree, blob, make(blob)), OK);
	switch (starts_try(&tree)) {
	case STARTS_RUNS: return 1;
	case STARTS_FAILS:
		fail_msg("seed %llu passes the checks and does not start; again: "
			 "SEED=%llu build/host/unit/config/test_starts",
			 (unsigned long long)seed, (unsigned long long)seed);
		return 0;
	default: return 0;
	}
}

static u32 try_seed(u64 seed, void *blob)
{
	return try_tree(describe, seed, blob);
}

#define MANY_DEVICES 3
#define MANY_IRQS    60 /* of each */

/* A guest that is given more lines of the machine than a small table would hold. */
static u32 describe_many_routes(void *blob)
{
	u32 cells[3 * MANY_IRQS], bytes;

	fdt_writer_init(&w, blob, TREE_BYTES);
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,system");
	fdt_begin(&w, "vmm");
	fdt_put_empty(&w, "stay");
	fdt_end(&w);
	fdt_begin(&w, "guests");
	fdt_begin(&w, "a");
	fdt_put_empty(&w, "autostart");
	fdt_put_string(&w, "kernel", "kernel.bin");
	fdt_put_string(&w, "kernel-type", "raw");
	fdt_begin(&w, "aspace");
	begin("r", 0);
	put_memory(0, false);
	fdt_end(&w);
	next_device = 0;
	for (u32 i = 0; i < MANY_DEVICES; i++) {
		begin("d", i);
		fdt_put_string(&w, "type", "device");
		put_u64("guest-address", UINT64_C(0x10000000) + i * PAGE_SIZE);
		max_irqs = 0;
		put_device(PAGE_SIZE);
		for (u32 k = 0; k < MANY_IRQS; k++) {
			cells[3 * k] = 0;
			cells[3 * k + 1] = i * MANY_IRQS + k;
			cells[3 * k + 2] = 4;
		}
		fdt_put_cells(&w, "interrupts", cells, ARRAY_SIZE(cells));
		fdt_end(&w);
	}
	for (u32 i = 0; i < 4; i++)
		fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &bytes), OK);
	return bytes;
}

static void many_routes_start(void **state)
{
	void *blob = malloc(TREE_BYTES);

	(void)state;
	assert_non_null(blob);
	if (try_tree(describe_many_routes, 1, blob) != 1)
		fail_msg("%s", starts_said);
	free(blob);
}

static void what_passes_starts(void **state)
{
	const char *one = getenv("SEED"), *count = getenv("SEEDS");
	u64 seeds = count != NULL ? strtoull(count, NULL, 0) : SEEDS;
	void *blob = malloc(TREE_BYTES);
	u32 started = 0;

	(void)state;
	assert_non_null(blob);
	if (one != NULL) {
		print_message("%s\n",
			      try_seed(strtoull(one, NULL, 0), blob) ? "it starts" : starts_said);
	} else {
		for (u64 seed = 1; seed <= seeds; seed++)
			started += try_seed(seed, blob);
		print_message("%u of %llu descriptions passed, and started\n", started,
			      (unsigned long long)seeds);
		assert_true(started > seeds / 10);
	}
	free(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_routes_start),
		cmocka_unit_test(what_passes_starts),
	};

	return cmocka_run_group_tests(tests, starts_set_up, starts_tear_down);
}
