/* SPDX-License-Identifier: Apache-2.0 */
/* See starts.h. */
#include "support/starts.h"

#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "support/test.h"

#include <mullion/component.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/string.h>

#include "arch/host/host.h"
#include "support/program.h"
#include "tools/common/bundle.h"
#include "tools/common/fit.h"

#define STARTS_CPUS 4
#define EXIT_LARGE  2 /* of the process: the heap is too large for this machine */

static const struct host machine = {
	.num_cpus = STARTS_CPUS,
	.cpus = { { 0, true }, { 1, true }, { 2, true }, { 3, true } },
	.num_memory = 1,
	.memory = { { HOST_RAM_BASE + STARTS_HEAP, STARTS_RAM } },
	.arch.arm64 = { .gic = HOST_GIC_V3,
			.maintenance_irq = 25,
			.timer_irq = { 29, 30, 27, 26 } },
};

static struct buffer bundle;
char starts_said[HOST_CONSOLE_BYTES];

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

int starts_set_up(void **state)
{
	static const char *const names[] = { "kernel.bin", "vmm.elf" };
	static const u8 kernel[5000] = { 1, 2, 3 };
	char directory[] = "/tmp/mullion-test-XXXXXX", path[64];
	struct search dirs = { 0 };
	struct buffer dtb = { 0 };
	struct fdt_writer w;
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

int starts_tear_down(void **state)
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
	if (ram_allocate(system->num_pieces) != OK ||
	    irq_allocate(system->num_routes, system->num_lines) != OK ||
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
	u64 pages = ALIGN_UP(system->heap_bytes, PAGE_SIZE) / PAGE_SIZE +
		    STARTS_CPUS * HEAP_PAGES_PER_CPU;

	if (pages * PAGE_SIZE > STARTS_HEAP)
		_exit(EXIT_LARGE);
	host_start(STARTS_CPUS, STARTS_HEAP + STARTS_RAM, pages);
	if (ram_reserve(HPA(HOST_RAM_BASE), STARTS_HEAP) != OK || sched_init() != OK)
		FAIL("the machine");
	guests_stay = true;
	create_all(system);
	start_all(system);
	for (u32 round = 0; round < 4; round++)
		for (u32 id = 0; id < STARTS_CPUS; id++)
			(void)host_loop(id);
	host_cpu_select(0);
	for (u32 i = 0; i < system->num_guests; i++)
		if (!system->guests[i].absent && system->guests[i].autostart &&
		    atomic_load(&guest_get(i)->state) != GUEST_RUNNING)
			FAIL("guest %s does not run", system->guests[i].name);
	_exit(0);
}

/* --- The checks ---------------------------------------------------------------------------------
 */

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	(void)diag;
	(void)node;
	(void)property;
	(void)str_append(starts_said, sizeof(starts_said), text);
	(void)str_append(starts_said, sizeof(starts_said), "\n");
}

static bool passes(const struct fdt *tree, void *arena, size_t bytes, struct system *system)
{
	static const struct fit_core core = { 0, 0 }; /* its heap lies elsewhere here */
	struct diag diag = { .report = report };

	starts_said[0] = '\0';
	return config_load(tree, &machine, bundle.data, bundle.used, arena, bytes, system, &diag) ==
		       OK &&
	       fit_check(system, &machine, &core, &diag);
}

enum starts starts_try(const struct fdt *tree)
{
	enum starts result = STARTS_REFUSED;
	size_t arena_bytes = config_arena_bytes(tree);
	void *arena = malloc(arena_bytes);
	struct system system;
	int status = 0;
	pid_t child;

	assert_non_null(arena);
	if (passes(tree, arena, arena_bytes, &system)) {
		(void)fflush(NULL);
		child = fork();
		if (child == 0)
			run(&system);
		assert_true(child > 0 && waitpid(child, &status, 0) == child);
		result = status == 0                                              ? STARTS_RUNS
			 : WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LARGE ? STARTS_TOO_LARGE
										  : STARTS_FAILS;
	}
	free(arena);
	return result;
}
