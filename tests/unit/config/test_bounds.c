/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound of a description. The bound itself passes the checks, and the core creates and starts
 * it. One more is refused by a message that has the bound. Numbers without a bound start with
 * more than a table of fixed length would hold.
 */
#include "support/test.h"

#include <abi/component.h>
#include <mullion/config.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "support/starts.h"

#define TREE_BYTES MIB(1)
#define RAM_BASE   (HOST_RAM_BASE + STARTS_HEAP)
#define DEVICES    UINT64_C(0x10000000)

static struct fdt_writer w;

/* --- Parts of a description ---------------------------------------------------------------------
 */

static void begin(const char *stem, u32 number)
{
	char name[CONFIG_NAME_MAX];

	(void)format(name, sizeof(name), "%s%u", stem, number);
	fdt_begin(&w, name);
}

static void put_text(const char *property, u32 bytes)
{
	char *text = malloc(bytes + 1);

	assert_non_null(text);
	memset(text, 'x', bytes);
	text[bytes] = '\0';
	fdt_put_string(&w, property, text);
	free(text);
}

static void put_ram(const char *name, u64 gpa, u64 size, u64 hpa)
{
	fdt_begin(&w, name);
	fdt_put_string(&w, "type", "ram");
	fdt_put_u64(&w, "guest-address", gpa);
	fdt_put_u64(&w, "size", size);
	if (hpa != 0)
		fdt_put_u64(&w, "host-address", hpa);
	fdt_end(&w);
}

/* Device number @number of the machine, with @irqs lines from line number @first on. */
static void put_device(u32 number, bool in_guest, u32 first, u32 irqs)
{
	begin("d", number);
	fdt_put_string(&w, "type", "device");
	if (in_guest)
		fdt_put_u64(&w, "guest-address", DEVICES + number * PAGE_SIZE);
	fdt_put_u64(&w, "host-address", DEVICES + number * PAGE_SIZE);
	fdt_put_u64(&w, "size", PAGE_SIZE);
	fdt_put_string(&w, "compatible", "arm,pl061");
	for (u32 i = 0; i < irqs; i++) {
		const u32 cells[] = { 0, first + i, 4 };

		if (i == 0)
			fdt_put_cells(&w, "interrupts", cells, ARRAY_SIZE(cells));
		else
			fdt_append_cells(&w, cells, ARRAY_SIZE(cells));
	}
	fdt_end(&w);
}

static void begin_guest(const char *name)
{
	fdt_begin(&w, name);
	fdt_put_empty(&w, "autostart");
	fdt_put_string(&w, "kernel", "kernel.bin");
	fdt_put_string(&w, "kernel-type", "raw");
}

static void put_aspace(void)
{
	fdt_begin(&w, "aspace");
	put_ram("ram", 0x40000000, KIB(64), 0);
	fdt_end(&w);
}

static void put_vcpus(u32 count)
{
	fdt_begin(&w, "vcpus");
	fdt_put_u32(&w, "count", count);
	fdt_end(&w);
}

static void put_guests(u32 count, u32 vcpus)
{
	fdt_begin(&w, "guests");
	for (u32 i = 0; i < count; i++) {
		char name[CONFIG_NAME_MAX];

		(void)format(name, sizeof(name), "a%u", i);
		begin_guest(name);
		put_vcpus(vcpus);
		put_aspace();
		fdt_end(&w);
	}
	fdt_end(&w);
}

static void put_components(u32 count)
{
	fdt_begin(&w, "components");
	for (u32 i = 0; i < count; i++) {
		begin("c", i);
		fdt_put_string(&w, "program", "vmm.elf");
		fdt_end(&w);
	}
	fdt_end(&w);
}

static void put_channel(u32 number, u32 first, u32 second)
{
	char ends[2][CONFIG_NAME_MAX];

	(void)format(ends[0], sizeof(ends[0]), "c%u", first);
	(void)format(ends[1], sizeof(ends[1]), "c%u", second);
	begin("l", number);
	fdt_put_strings(&w, "between", (const char *const[]){ ends[0], ends[1] }, 2);
	fdt_end(&w);
}

/* --- One description for each bound -------------------------------------------------------------
 */

static void make_guests(u32 n)
{
	put_guests(n, 1);
}

static void make_instances(u32 n)
{
	fdt_begin(&w, "templates");
	fdt_begin(&w, "t");
	fdt_put_u32(&w, "instances", n - 1);
	fdt_put_string(&w, "kernel", "kernel.bin");
	fdt_put_string(&w, "kernel-type", "raw");
	put_aspace();
	fdt_end(&w);
	fdt_end(&w);
	put_guests(1, 1);
}

static void make_templates(u32 n)
{
	fdt_begin(&w, "templates");
	for (u32 i = 0; i < n; i++) {
		begin("t", i);
		fdt_put_string(&w, "kernel", "kernel.bin");
		fdt_put_string(&w, "kernel-type", "raw");
		put_aspace();
		fdt_end(&w);
	}
	fdt_end(&w);
	put_guests(1, 1);
}

static void make_vcpus(u32 n)
{
	put_guests(1, n);
}

/* The remainder is in components. */
static void make_threads(u32 n)
{
	put_guests(15, 63);
	put_components(n - 15 * 63);
}

static void make_components(u32 n)
{
	put_components(n);
}

static void make_regions(u32 n)
{
	fdt_begin(&w, "guests");
	begin_guest("a");
	fdt_begin(&w, "aspace");
	for (u32 i = 0; i < n; i++) {
		begin("r", i);
		fdt_put_string(&w, "type", "ram");
		fdt_put_u64(&w, "guest-address", 0x40000000 + i * UINT64_C(0x200000));
		fdt_put_u64(&w, "size", KIB(64));
		fdt_end(&w);
	}
	for (u32 i = 0; i < 3; i++)
		fdt_end(&w);
}

static void make_irqs(u32 n)
{
	fdt_begin(&w, "guests");
	begin_guest("a");
	fdt_begin(&w, "aspace");
	put_ram("ram", 0x40000000, KIB(64), 0);
	put_device(0, true, 0, n);
	for (u32 i = 0; i < 3; i++)
		fdt_end(&w);
}

static void make_component_aspace(u32 n)
{
	fdt_begin(&w, "components");
	fdt_begin(&w, "c");
	fdt_put_string(&w, "program", "vmm.elf");
	fdt_begin(&w, "aspace");
	for (u32 i = 0; i < n; i++)
		put_device(i, false, 0, 0);
	for (u32 i = 0; i < 3; i++)
		fdt_end(&w);
}

/* Two devices with their interrupts; the last interrupts are those that the bound leaves. */
static void make_grants(u32 n)
{
	fdt_begin(&w, "components");
	fdt_begin(&w, "c");
	fdt_put_string(&w, "program", "vmm.elf");
	fdt_begin(&w, "aspace");
	put_device(0, false, 0, 20);
	put_device(1, false, 20, n - 22);
	for (u32 i = 0; i < 3; i++)
		fdt_end(&w);
}

static void make_channels(u32 n)
{
	put_components(16);
	fdt_begin(&w, "channels");
	for (u32 i = 0; i < n; i++)
		put_channel(i, i % 8, 8 + i / 8 % 8);
	fdt_end(&w);
}

static void begin_cpu(u32 number)
{
	begin("cpu", number);
	fdt_put_string(&w, "strategy", "windows");
	fdt_put_u32(&w, "cycle-us", 100000);
}

static void put_window(u32 number, u32 partition)
{
	char name[CONFIG_NAME_MAX];

	(void)format(name, sizeof(name), "p%u", partition);
	begin("window", number);
	fdt_put_u32(&w, "offset-us", 1000 * number);
	fdt_put_u32(&w, "length-us", 1000);
	fdt_put_string(&w, "partition", name);
	fdt_end(&w);
}

#define CPU_WINDOWS 20 /* of CPU 0; the others are of CPU 1 */

/* Each vCPU has a partition of its own. */
static void put_partitioned_guest(u32 vcpus)
{
	fdt_begin(&w, "guests");
	begin_guest("a");
	fdt_begin(&w, "vcpus");
	for (u32 i = 0; i < vcpus; i++) {
		char partition[CONFIG_NAME_MAX];

		(void)format(partition, sizeof(partition), "p%u", i);
		begin("vcpu", i);
		fdt_put_u32(&w, "cpu", i / CPU_WINDOWS);
		fdt_put_string(&w, "partition", partition);
		fdt_end(&w);
	}
	fdt_end(&w);
	put_aspace();
	fdt_end(&w);
	fdt_end(&w);
}

static void make_windows(u32 n)
{
	put_partitioned_guest(1);
	fdt_begin(&w, "schedule");
	begin_cpu(0);
	for (u32 i = 0; i < n; i++)
		put_window(i, 0);
	fdt_end(&w);
	fdt_end(&w);
}

static void make_partitions(u32 n)
{
	put_partitioned_guest(n);
	fdt_begin(&w, "schedule");
	for (u32 i = 0; i < n; i++) {
		if (i % CPU_WINDOWS == 0) {
			begin_cpu(i / CPU_WINDOWS);
			put_window(0, i);
			continue;
		}
		put_window(i % CPU_WINDOWS, i);
		if (i % CPU_WINDOWS == CPU_WINDOWS - 1 || i == n - 1)
			fdt_end(&w);
	}
	fdt_end(&w);
}

static void make_name(u32 n)
{
	char name[2 * CONFIG_NAME_MAX];

	memset(name, 'x', n);
	name[n] = '\0';
	fdt_begin(&w, "guests");
	begin_guest(name);
	put_aspace();
	fdt_end(&w);
	fdt_end(&w);
}

static void make_bootargs(u32 n)
{
	fdt_begin(&w, "guests");
	begin_guest("a");
	put_text("bootargs", n);
	put_aspace();
	fdt_end(&w);
	fdt_end(&w);
}

static void make_arguments(u32 n)
{
	fdt_begin(&w, "components");
	fdt_begin(&w, "c");
	fdt_put_string(&w, "program", "vmm.elf");
	put_text("arguments", n);
	fdt_end(&w);
	fdt_end(&w);
}

/* Pages of the machine that touch no other, so that free RAM is in so many pieces. */
static void make_pieces(u32 n)
{
	fdt_begin(&w, "guests");
	for (u32 at = 0; at < n; at += 50) {
		char name[CONFIG_NAME_MAX];

		(void)format(name, sizeof(name), "a%u", at);
		begin_guest(name);
		fdt_begin(&w, "aspace");
		put_ram("ram", 0x40000000, KIB(64), 0);
		for (u32 i = at; i < MIN(at + 50, n); i++) {
			(void)format(name, sizeof(name), "r%u", i);
			put_ram(name, 0x50000000 + i * PAGE_SIZE, PAGE_SIZE,
				RAM_BASE + (2 * i + 1) * PAGE_SIZE);
		}
		fdt_end(&w);
		fdt_end(&w);
	}
	fdt_end(&w);
}

/* Lines of the machine, of two guests. */
static void make_routes(u32 n)
{
	fdt_begin(&w, "guests");
	for (u32 i = 0; i < 2; i++) {
		begin_guest(i == 0 ? "a" : "b");
		fdt_begin(&w, "aspace");
		put_ram("ram", 0x40000000, KIB(64), 0);
		for (u32 k = 0; k < 8; k++)
			put_device(8 * i + k, true, (8 * i + k) * (n / 16), n / 16);
		fdt_end(&w);
		fdt_end(&w);
	}
	fdt_end(&w);
}

static const struct bound {
	const char *name;
	void (*make)(u32 n);
	u32 most;
	bool open; /* there is no bound: `most` is more than tables had */
} bounds[] = {
	{ "guests", make_guests, CONFIG_MAX_GUESTS, false },
	{ "guests with instances", make_instances, CONFIG_MAX_GUESTS, false },
	{ "templates", make_templates, CONFIG_MAX_TEMPLATES, false },
	{ "vCPUs of a guest", make_vcpus, HOST_MAX_CPUS, false },
	{ "threads", make_threads, CONFIG_MAX_THREADS, false },
	{ "components", make_components, CONFIG_MAX_COMPONENTS, false },
	{ "regions of a guest", make_regions, CONFIG_MAX_REGIONS, false },
	{ "interrupts of a region", make_irqs, CONFIG_MAX_IRQS, false },
	{ "regions of a component", make_component_aspace, CONFIG_MAX_GRANTS, false },
	{ "grants of a component", make_grants, GRANTS_MAX, false },
	{ "channels", make_channels, CONFIG_MAX_CHANNELS, false },
	{ "windows of a CPU", make_windows, CONFIG_MAX_WINDOWS, false },
	{ "partitions", make_partitions, CONFIG_MAX_PARTITIONS, false },
	{ "bytes of a name", make_name, CONFIG_NAME_MAX - 1, false },
	{ "bytes of bootargs", make_bootargs, CONFIG_BOOTARGS_MAX - 1, false },
	{ "bytes of arguments", make_arguments, CONFIG_ARGUMENTS_MAX - 1, false },
	{ "pieces of RAM", make_pieces, 600, true },
	{ "lines of the machine", make_routes, 928, true },
};

/* --- The walk -----------------------------------------------------------------------------------
 */

static enum starts try_bound(const struct bound *bound, u32 n, void *blob)
{
	struct fdt tree;
	u32 bytes;

	fdt_writer_init(&w, blob, TREE_BYTES);
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,system");
	fdt_begin(&w, "vmm");
	fdt_put_empty(&w, "stay");
	fdt_end(&w);
	bound->make(n);
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &bytes), OK);
	assert_int_equal(fdt_open(&tree, blob, bytes), OK);
	return starts_try(&tree);
}

static void every_bound_is_known(void **state)
{
	void *blob = malloc(TREE_BYTES);
	u32 failed = 0;

	(void)state;
	assert_non_null(blob);
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct bound *bound = &bounds[i];
		char number[16];

		if (try_bound(bound, bound->most, blob) != STARTS_RUNS) {
			print_message("%s: %u do not start: %s\n", bound->name, bound->most,
				      starts_said);
			failed++;
		}
		if (bound->open)
			continue;
		(void)format(number, sizeof(number), "%u", bound->most);
		if (try_bound(bound, bound->most + 1, blob) == STARTS_REFUSED &&
		    strstr(starts_said, number) != NULL)
			continue;
		print_message("%s: %u are not refused with the bound: %s\n", bound->name,
			      bound->most + 1, starts_said);
		failed++;
	}
	free(blob);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bound_is_known),
	};

	return cmocka_run_group_tests(tests, starts_set_up, starts_tear_down);
}
