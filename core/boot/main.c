/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bare CPU to running guests: one ordered table of steps. A failing step prints the cause
 * and a remedy, and the machine stops. Messages before the start of the console wait in the log's
 * ring.
 */
#include "drivers/uart/uart.h"
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <mullion/component.h>
#include <mullion/config.h>
#include <mullion/cpio.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/guest.h>
#include <mullion/host.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/random.h>
#include <mullion/sched.h>
#include <mullion/string.h>
#include <mullion/version.h>

#define CPU_START_TIMEOUT_NS UINT64_C(2000000000)
#define NO_TREE                                                                       \
	"no device tree of the machine: the boot loader must give one in x0, or the " \
	"bundle's system.dtb must describe the hardware (cpus, memory, interrupt controller)"
#define SYSTEM_TREE "system.dtb"
#define ALLOC_TRIES 64
#define INDEX_BYTES KIB(32) /* of trees; QEMU virt's takes 7 KiB, 256 regions 22 KiB */

static struct host host;
static struct fdt host_tree, system_tree;
static struct system system_config;
static u64 arena_bytes, heap_bytes;

/* The system tree inside a bundle; false when there is none. */
static bool find_system_tree(const void *bundle, u64 bytes, struct fdt *tree)
{
	struct cpio_entry entry;

	return bundle != NULL && cpio_find(bundle, bytes, SYSTEM_TREE, &entry) == OK &&
	       fdt_open(tree, entry.data, entry.size) == OK;
}

void core_index_tree(struct fdt *tree)
{
	static __boot_bss u32 words[INDEX_BYTES / sizeof(u32)];

	if (fdt_index_bytes(tree) <= sizeof(words))
		fdt_index(tree, words);
}

static void step_tree(void)
{
	enum err err;

	if (boot_info.tree != NULL) {
		if (boot_info.tree_err != OK)
			stop_machine("the machine's device tree is broken: %s",
				     err_name(boot_info.tree_err));
		host_tree = boot_info.fdt;
	} else if (!find_system_tree(boot_info.bundle, boot_info.bundle_bytes, &host_tree)) {
		stop_machine(NO_TREE);
	}
	err = host_read(&host_tree, &host);
	if (err != OK)
		stop_machine("the machine's device tree cannot be used: %s", err_name(err));
}

/* Without a loader's tree: the UART that the description passes to a guest will do. */
static bool find_described_uart(struct host_range *regs)
{
	fdt_node_t node = fdt_find_compatible(&host_tree, FDT_NONE, UART_COMPATIBLE);

	regs->size = PAGE_SIZE;
	return boot_info.tree == NULL && node != FDT_NONE &&
	       fdt_get_u64(&host_tree, node, "host-address", &regs->base) == OK;
}

static void step_console(void)
{
	struct host_range at = host.uart_regs;
	void *regs;

	if (host.uart != HOST_UART_KNOWN && !find_described_uart(&at)) {
		log_warn("no UART of a known kind in the machine's tree: there is no console");
		return;
	}
	regs = arch_map(HPA(at.base), at.size, SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
	if (regs == NULL)
		return;
	uart_init(regs);
	log_attach_console(uart_put);
}

static void step_random(void)
{
	fdt_node_t chosen = fdt_find(&host_tree, "/chosen");
	struct fdt_prop seed = { .len = 0 };

	if (chosen == FDT_NONE || !fdt_get(&host_tree, chosen, "rng-seed", &seed))
		seed.len = 0;
	random_start(seed.data, seed.len);
}

/* Memory in use is removed from RAM, and added to the list for the checks of the description. */
static void reserve_range(const char *what, u64 base, u64 size)
{
	if (size == 0)
		return;
	if (ram_reserve(HPA(base), size) != OK)
		stop_machine("too many pieces of memory (%s)", what);
	if (host.num_reserved < HOST_MAX_RESERVED)
		host.reserved[host.num_reserved++] = (struct host_range){ base, size };
}

static void step_memory(void)
{
	u32 given = host.num_reserved;

	if (boot_info.tree == NULL && host.num_memory == 0)
		stop_machine(NO_TREE);
	for (u32 i = 0; i < host.num_memory; i++)
		if (ram_add(HPA(host.memory[i].base), host.memory[i].size) != OK)
			stop_machine("the tree's memory 0x%lx, 0x%lx bytes, makes no sense",
				     host.memory[i].base, host.memory[i].size);
	if (ram_free_bytes() == 0)
		stop_machine("no memory in the machine's tree: a node with device_type = "
			     "\"memory\" is missing");
	for (u32 i = 0; i < given; i++)
		if (ram_reserve(HPA(host.reserved[i].base), host.reserved[i].size) != OK)
			stop_machine("too many pieces of reserved memory");
	reserve_range("core", boot_info.image_pa.v, boot_info.image_bytes);
	reserve_range("bundle", boot_info.bundle_pa.v, boot_info.bundle_bytes);
	reserve_range("device tree", boot_info.tree_pa.v, boot_info.tree_bytes);
	if (host.initrd_end > host.initrd_start)
		reserve_range("initrd", host.initrd_start, host.initrd_end - host.initrd_start);
}

static void step_irqchip(void)
{
	enum err err;

	err = irq_init(&host);
	if (err != OK)
		stop_machine("the interrupt controller cannot be used: %s", err_name(err));
}

static void step_timer(void)
{
	enum err err = arch_time_init(&host);

	if (err == ERR_NOT_FOUND)
		stop_machine("no hypervisor timer in the machine's tree: arm,armv8-timer with four "
			     "interrupts is needed");
	if (err != OK)
		stop_machine("the timer cannot be used: %s (does the firmware set its frequency?)",
			     err_name(err));
	boot_info.boot_ns = arch_time_now().v;
}

/* Read once: the core's own clock continues from that time. */
static void step_wall_clock(void)
{
	wall_start(arch_time_wall(&host));
}

static void step_cpus(void)
{
	enum err err = arch_cpus_init(&host);

	if (err == ERR_NOT_FOUND)
		stop_machine("the CPU that runs is not in the machine's tree (/cpus)");
	if (err != OK)
		stop_machine("the CPUs cannot be used: %s", err_name(err));
}

static void step_banner(void)
{
	log_info("%s, %u CPU%s %s, %lu MiB free, %s", host.compatible, cpu_count,
		 cpu_count == 1 ? "" : "s", boot_info.cpu_model, ram_free_bytes() >> 20,
		 irqchip->name);
}

static void report_mistake(struct diag *diag, fdt_node_t node, const char *property,
			   const char *text)
{
	(void)diag;
	(void)node;
	(void)property;
	log_error("%s", text);
}

/* A bundle of the boot loader's (initrd) comes before the one behind the image. */
static void choose_bundle(void)
{
	u64 bytes = host.initrd_end > host.initrd_start ? host.initrd_end - host.initrd_start : 0;
	const void *initrd =
		bytes != 0 ? arch_map(HPA(host.initrd_start), bytes, SPACE_READ) : NULL;

	if (find_system_tree(initrd, bytes, &system_tree)) {
		boot_info.bundle = initrd;
		boot_info.bundle_pa = HPA(host.initrd_start);
		boot_info.bundle_bytes = bytes;
		return;
	}
	if (bytes != 0)
		log_warn("the initrd is no bundle with " SYSTEM_TREE "; it is left alone");
	if (boot_info.bundle == NULL)
		stop_machine("no system: neither a bundle behind the image (tools/pack makes it) "
			     "nor one "
			     "as initrd");
	if (!find_system_tree(boot_info.bundle, boot_info.bundle_bytes, &system_tree))
		stop_machine("the bundle has no usable " SYSTEM_TREE);
}

/* Returns true if the description uses a part of this memory by host-address. */
static bool is_wanted(u64 pa, u64 bytes)
{
	u32 depth = 0;

	for (fdt_node_t node = fdt_root(&system_tree); node != FDT_NONE;
	     node = fdt_next(&system_tree, node, &depth)) {
		u64 base, size;

		if (fdt_get_u64(&system_tree, node, "host-address", &base) == OK &&
		    fdt_get_u64(&system_tree, node, "size", &size) == OK && base < pa + bytes &&
		    (base >= pa || pa - base < size))
			return true;
	}
	return false;
}

/* RAM for the core that no guest has a claim to. Refused ranges return to the allocator. */
static bool alloc_clear(u64 bytes, hpa_t *pa)
{
	hpa_t refused[ALLOC_TRIES];
	u32 tries = 0;
	bool found = false;

	while (tries < ALLOC_TRIES && ram_alloc_dirty(bytes, pa) == OK) {
		found = !is_wanted(pa->v, bytes);
		if (found)
			break;
		refused[tries++] = *pa;
	}
	while (tries-- > 0)
		ram_free(refused[tries], bytes);
	return found;
}

static void step_description(void)
{
	struct diag diag = { .report = report_mistake };
	enum err err;
	void *arena;
	hpa_t pa;

	choose_bundle();
	host_tree.index = NULL;
	core_index_tree(&system_tree);
	arena_bytes = ALIGN_UP(config_arena_bytes(&system_tree), PAGE_SIZE);
	if (!alloc_clear(arena_bytes, &pa))
		stop_machine("not enough memory to read the description");
	boot_info.description_pa = pa;
	arena = arch_map(pa, arena_bytes, SPACE_READ | SPACE_WRITE);
	if (arena == NULL)
		stop_machine("no room to map the description");
	if (host.num_reserved < HOST_MAX_RESERVED)
		host.reserved[host.num_reserved++] = (struct host_range){ pa.v, arena_bytes };
	arch_zero_clean(arena, arena_bytes);
	err = config_load(&system_tree, &host, boot_info.bundle, boot_info.bundle_bytes, arena,
			  arena_bytes, &system_config, &diag);
	if (err == ERR_INVALID)
		stop_machine("the description has %u mistake%s; nothing is started", diag.errors,
			     diag.errors == 1 ? "" : "s");
	if (err != OK)
		stop_machine("the description cannot be read: %s", err_name(err));
	log_set_level((enum log_level)system_config.log_level);
}

static void step_heap(void)
{
	void *va;
	hpa_t pa;

	heap_bytes = ALIGN_UP(system_config.heap_bytes, PAGE_SIZE) +
		     (u64)cpu_count * HEAP_PAGES_PER_CPU * PAGE_SIZE;
	if (!alloc_clear(heap_bytes, &pa))
		stop_machine("not enough memory for the core's heap (%lu bytes)", heap_bytes);
	boot_info.heap_pa = pa;
	boot_info.heap_bytes = heap_bytes;
	va = arch_map(pa, heap_bytes, SPACE_READ | SPACE_WRITE);
	if (va == NULL)
		stop_machine("no room to map the core's heap");
	page_init(va, pa, heap_bytes / PAGE_SIZE);
	if (irq_allocate(system_config.num_routes, system_config.num_lines) != OK)
		stop_machine("not enough memory for the routes of interrupts");
	if (ram_allocate(system_config.num_pieces) != OK)
		stop_machine("not enough memory for the lists of free memory");
}

static const struct sched_strategy *strategy_of(const struct config_cpu *config)
{
	switch (config->strategy) {
	case SCHEDULE_ROUND_ROBIN: return &sched_round_robin;
#ifdef CONFIG_SCHED_PRIORITY
	case SCHEDULE_PRIORITY: return &sched_priority;
#endif
#ifdef CONFIG_SCHED_WINDOWS
	case SCHEDULE_WINDOWS: return &sched_windows;
#endif
	default: return NULL;
	}
}

/* A CPU's table in the scheduler's form; it is kept. */
static const struct sched_table *make_table(const struct config_cpu *config)
{
	u64 bytes = sizeof(struct sched_table) + config->num_windows * sizeof(struct sched_window);
	struct sched_table *table = page_alloc(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE);
	struct sched_window *windows;

	if (table == NULL)
		stop_machine("not enough memory for the CPUs' tables of windows");
	windows = (struct sched_window *)(void *)(table + 1);
	for (u32 i = 0; i < config->num_windows; i++)
		windows[i] =
			(struct sched_window){ config->windows[i].offset, config->windows[i].length,
					       config->windows[i].window };
	*table = (struct sched_table){ config->cycle, config->background, config->num_windows,
				       windows };
	return table;
}

static void step_scheduler(void)
{
	if (sched_init() != OK)
		stop_machine("not enough memory for the CPUs' ready queues");
	for (u32 id = 0; id < cpu_count; id++) {
		const struct config_cpu *config = &system_config.cpus[id];
		const struct sched_strategy *strategy = strategy_of(config);

		if (strategy != NULL)
			sched_choose(id, strategy,
				     config->strategy == SCHEDULE_WINDOWS ? make_table(config)
									  : NULL);
		else if (config->strategy != SCHEDULE_DEFAULT)
			stop_machine("CPU %u: its scheduling strategy is not built in", id);
	}
}

static void step_manager(void)
{
	manage_start(&system_config, &host, boot_info.cpu_model);
}

static void step_start_cpus(void)
{
	u64 deadline;

	for (u32 id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_get(id);

		if (cpu == this_cpu() || arch_cpu_start(cpu) != OK)
			continue;
		deadline = arch_time_now().v + CPU_START_TIMEOUT_NS;
		while (!atomic_load(&cpu->online) && arch_time_now().v < deadline)
			arch_cpu_relax();
		if (!atomic_load(&cpu->online))
			log_error("CPU %u was started but did not come up", id);
	}
}

/* One that cannot be had does not keep the others from running. */
static void step_components(void)
{
	guest_keep_memory(&system_config);
	if (component_setup(&system_config) != OK)
		stop_machine("not enough memory for the components' channels");
	for (u32 i = 0; i < system_config.num_components; i++) {
		struct component *component;
		enum err err = component_create(&system_config.components[i], &component);

		if (err != OK)
			log_error("component '%s' cannot be created: %s",
				  system_config.components[i].name, err_name(err));
	}
}

/* A guest that cannot be had (its CPU did not start) does not keep the others from running. */
static void step_guests(void)
{
	guests_stay = system_config.stay;
	for (u32 i = 0; i < system_config.num_guests; i++) {
		const char *name = system_config.guests[i].name;
		u64 start = arch_time_now().v;
		char took[FORMAT_TIME_MAX];
		struct guest *guest;
		enum err err;

		if (system_config.guests[i].absent)
			continue;
		err = guest_create(i, &system_config.guests[i], &guest);
		if (err != OK)
			log_error("guest '%s' cannot be created: %s", name, err_name(err));
		else
			log_info("guest '%s' created in %s", name,
				 format_time(took, sizeof(took), arch_time_now().v - start));
	}
}

static void step_figures(void)
{
	u64 image = boot_info.image_bytes - boot_info.boot_bytes;
	u64 heap = (page_total() - page_free_count()) * PAGE_SIZE;

	boot_info.description_bytes = arena_bytes;
	log_info("core: text %lu bytes, at boot only %lu; memory %lu KiB (image %lu, description "
		 "%lu, heap %lu); given back after boot: %lu KiB",
		 boot_info.text_bytes, boot_info.boot_text_bytes,
		 (image + arena_bytes + heap) >> 10, image >> 10, arena_bytes >> 10, heap >> 10,
		 boot_info.boot_bytes >> 10);
}

static void step_start_components(void)
{
	for (u32 i = 0; i < system_config.num_components; i++) {
		struct component *component = component_get(i);
		enum err err;

		if (component == NULL || !component->config->autostart)
			continue;
		err = component_start(component);
		if (err != OK)
			log_error("component '%s' cannot be started: %s", component->config->name,
				  err_name(err));
	}
}

static void step_start_guests(void)
{
	u32 started = 0;

	for (u32 i = 0; i < system_config.num_guests; i++) {
		struct guest *guest = guest_get(i);
		enum err err;

		if (guest == NULL || !guest->config->autostart)
			continue;
		err = guest_start(guest);
		if (err != OK)
			log_error("guest '%s' cannot be started: %s", guest->config->name,
				  err_name(err));
		else
			started++;
	}
	if (started == 0) {
		log_info("no guest is running");
		if (!guests_stay)
			component_finish(arch_poweroff);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
	{ "tree", step_tree },
	{ "console", step_console },
	{ "random numbers", step_random },
	{ "memory", step_memory },
	{ "CPUs", step_cpus },
	{ "interrupt controller", step_irqchip },
	{ "timer", step_timer },
	{ "wall clock", step_wall_clock },
	{ "banner", step_banner },
	{ "description", step_description },
	{ "heap", step_heap },
	{ "scheduler", step_scheduler },
	{ "other CPUs", step_start_cpus },
	{ "components", step_components },
	{ "guests", step_guests },
	{ "manager", step_manager },
	{ "figures", step_figures },
	{ "start of components", step_start_components },
	{ "start of guests", step_start_guests },
};

void core_main(void)
{
	log_info("Mullion " MULLION_VERSION);
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		log_debug("boot: %s", steps[i].name);
		steps[i].run();
	}
	arch_leave_boot();
}
