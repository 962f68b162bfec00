/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A description that passes the checks starts. Random descriptions are checked as on a developer's
 * machine. The core creates and starts each that passes, on the fake machine, in a process of its
 * own. SEED=N (environment) runs that one alone, and prints the messages of checks and core.
 * SEEDS=N runs N of them.
 */
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "support/test.h"

#include <mullion/component.h>
#include <mullion/config.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/string.h>

#include "arch/host/host.h"
#include "support/program.h"
#include "tools/common/bundle.h"
#include "tools/common/fit.h"

#define SEEDS 300
#define CPUS  4
#define HEAP_BYTES \
	MIB(24) /* reserved below the rest of RAM; the part that the checks demand is used */
#define RAM_BYTES  MIB(40)
#define TREE_BYTES MIB(1)

static const struct host machine = {
	.num_cpus = CPUS,
	.cpus = { { 0, true }, { 1, true }, { 2, true }, { 3, true } },
	.num_memory = 1,
	.memory = { { HOST_RAM_BASE + HEAP_BYTES, RAM_BYTES } },
	.arch.arm64 = { .gic = HOST_GIC_V3,
			.maintenance_irq = 25,
			.timer_irq = { 29, 30, 27, 26 } },
};

static u64 random_state;
static struct buffer bundle;
static char said[HOST_CONSOLE_BYTES];

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
			HOST_RAM_BASE + HEAP_BYTES + below(RAM_BYTES / PAGE_SIZE) * PAGE_SIZE);
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

/* --- Its bundle ---------------------------------------------------------------------------------
 */

static void write_program(const char *path)
{
	const struct program program = program_make(EM_AARCH64);

	assert_true(write_file(path, &program, sizeof(program)));
}

/* AddressSanitizer warns of the first switch of stacks: once here, and not in each process. */
static void switch_once(void)
{
	static ucontext_t here, there;
	static volatile bool back;

	back = false;
	(void)getcontext(&here);
	if (back)
		return;
	back = true;
	(void)swapcontext(&there, &here);
}

static int make_bundle(void **state)
{
	static const char *const names[] = { "kernel.bin", "vmm.elf" };
	static const u8 kernel[5000] = { 1, 2, 3 };
	char directory[] = "/tmp/mullion-test-XXXXXX", path[64];
	struct search dirs = { 0 };
	struct buffer dtb = { 0 };
	struct fdt tree;
	u32 bytes;

	(void)state;
	switch_once();
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/%s", directory, names[0]);
	assert_true(write_file(path, kernel, sizeof(kernel)));
	(void)snprintf(path, sizeof(path), "%s/%s", directory, names[1]);
	write_program(path);
	buffer_fill(&dtb, 4096);
	fdt_writer_init(&w, dtb.data, dtb.used);
	fdt_begin(&w, "");
	fdt_begin(&w, "guests");
	fdt_begin(&w, "a");
	fdt_put_string(&w, "kernel", names[0]);
	fdt_begin(&w, "vmm");
	fdt_end(&w);
	fdt_end(&w);
	fdt_end(&w);
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &bytes), OK);
	assert_int_equal(fdt_open(&tree, dtb.data, bytes), OK);
	search_add(&dirs, directory);
	assert_int_equal(bundle_build(&tree, &dtb, &dirs, false, &bundle), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)remove(path);
	}
	(void)remove(directory);
	free(dirs.dirs);
	buffer_free(&dtb);
	return 0;
}

static int free_bundle(void **state)
{
	(void)state;
	buffer_free(&bundle);
	return 0;
}

/* --- In a process of its own: the steps of core/boot/main.c -------------------------------------
 */

#define FAIL(...)                                   \
	do {                                        \
		(void)fprintf(stderr, __VA_ARGS__); \
		(void)fputc('\n', stderr);          \
		(void)fputs(host_console, stderr);  \
		_exit(1);                           \
	} while (0)

static void create_all(const struct system *system)
{
	enum err err;

	guest_keep_memory(system);
	if (irq_allocate(system->num_routes, system->num_lines) != OK ||
	    component_setup(system) != OK)
		FAIL("channels");
	for (u32 i = 0; i < system->num_components; i++) {
		struct component *component;

		err = component_create(&system->components[i], &component);
		if (err != OK)
			FAIL("component %s: %s", system->components[i].name, err_name(err));
	}
	for (u32 i = 0; i < system->num_guests; i++) {
		struct guest *guest;

		if (system->guests[i].absent)
			continue;
		err = guest_create(i, &system->guests[i], &guest);
		if (err != OK)
			FAIL("guest %s is not created: %s", system->guests[i].name, err_name(err));
	}
}

static void start_all(const struct system *system)
{
	enum err err = OK;

	for (u32 i = 0; i < system->num_components && err == OK; i++)
		if (system->components[i].autostart)
			err = component_start(component_get(i));
	for (u32 i = 0; i < system->num_guests && err == OK; i++)
		if (!system->guests[i].absent && system->guests[i].autostart)
			err = guest_start(guest_get(i));
	if (err != OK)
		FAIL("start: %s", err_name(err));
}

static void run(const struct system *system) __noreturn;

static void run(const struct system *system)
{
	u64 pages = ALIGN_UP(system->heap_bytes, PAGE_SIZE) / PAGE_SIZE + CPUS * HEAP_PAGES_PER_CPU;

	if (pages * PAGE_SIZE > HEAP_BYTES)
		_exit(2); /* too large for this machine */
	host_start(CPUS, HEAP_BYTES + RAM_BYTES, pages);
	if (ram_reserve(HPA(HOST_RAM_BASE), HEAP_BYTES) != OK || sched_init() != OK)
		FAIL("the machine");
	guests_stay = true;
	create_all(system);
	start_all(system);
	for (u32 round = 0; round < 4; round++)
		for (u32 id = 0; id < CPUS; id++)
			(void)host_loop(id);
	host_cpu_select(0);
	for (u32 i = 0; i < system->num_guests; i++)
		if (!system->guests[i].absent && system->guests[i].autostart &&
		    atomic_load(&guest_get(i)->state) != GUEST_RUNNING)
			FAIL("guest %s does not run", system->guests[i].name);
	_exit(0);
}

/* --- The property -------------------------------------------------------------------------------
 */

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	(void)diag;
	(void)node;
	(void)property;
	(void)str_append(said, sizeof(said), text);
	(void)str_append(said, sizeof(said), "\n");
}

static bool passes(const struct fdt *tree, void *arena, size_t bytes, struct system *system)
{
	static const struct fit_core core = { 0, 0 }; /* its heap lies elsewhere here */
	struct diag diag = { .report = report };

	said[0] = '\0';
	return config_load(tree, &machine, bundle.data, bundle.used, arena, bytes, system, &diag) ==
		       OK &&
	       fit_check(system, &machine, &core, &diag);
}

/* Returns 1 if it passes and starts, 0 if it is refused. */
static u32 try_tree(u32 (*make)(void *blob), u64 seed, void *blob)
{
	struct system system;
	struct fdt tree;
	size_t arena_bytes;
	void *arena;
	int status = 0;
	u32 result = 0;
	pid_t child;

	random_state = seed;
	assert_int_equal(fdt_open(&tree, blob, make(blob)), OK);
	arena_bytes = config_arena_bytes(&tree);
	arena = malloc(arena_bytes);
	assert_non_null(arena);
	if (passes(&tree, arena, arena_bytes, &system)) {
		(void)fflush(NULL);
		child = fork();
		if (child == 0)
			run(&system);
		assert_true(child > 0 && waitpid(child, &status, 0) == child);
		if (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 2))
			fail_msg("seed %llu passes the checks and does not start; again: "
				 "SEED=%llu build/host/unit/config/test_starts",
				 (unsigned long long)seed, (unsigned long long)seed);
		result = status == 0 ? 1 : 0;
	}
	free(arena);
	return result;
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
		fail_msg("%s", said);
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
		print_message("%s\n", try_seed(strtoull(one, NULL, 0), blob) ? "it starts" : said);
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

	return cmocka_run_group_tests(tests, make_bundle, free_bundle);
}
