/* SPDX-License-Identifier: Apache-2.0 */
#include "support/components.h"
#include "support/orphan.h"

#include <mullion/exit.h>
#include <mullion/irq.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/serve.h>

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

struct components world;
const u8 program_text[100] = { 1, 2, 3, [99] = 99 };
const u8 program_data[50] = { 4, 5, 6, [49] = 49 };
const u8 bundle_file[5000] = { 7, 8, 9, [4999] = 77 };

/* The next access of a vCPU's thread. */
static struct access {
	struct thread thread;
	struct vcpu_exit exit;
	bool busy, made;
	u32 power;
} accesses[COMPONENTS_VCPUS];

static void describe_server(struct config_component *server)
{
	struct config_grant *grants = world.grants;

	strcpy(server->name, "server");
	server->num_segments = 2;
	server->segments[0] = (struct config_segment){ .va = SERVER_TEXT,
						       .size = PAGE_SIZE,
						       .data = program_text,
						       .file_bytes = sizeof(program_text),
						       .exec = true };
	server->segments[1] = (struct config_segment){ .va = SERVER_DATA,
						       .size = 2 * PAGE_SIZE,
						       .data = program_data,
						       .file_bytes = sizeof(program_data),
						       .skip = 16,
						       .write = true };
	server->entry = SERVER_TEXT + 4;
	server->stack_bytes = STACK_BYTES;
	server->priority = PRIORITY_COMPONENT;
	server->affinity = BIT(0);
	server->policy = RESTART_ALWAYS;
	server->arguments = "prefix=on";
	server->trusted_dma = true;
	server->num_grants = 4;
	server->grants = grants;
	world.device_irq = (struct config_irq){ .host = DEVICE_IRQ, .level = true };
	grants[0] = (struct config_grant){ .name = "uart",
					   .kind = CONFIG_GRANT_DEVICE,
					   .size = PAGE_SIZE,
					   .hpa = HPA(DEVICE_HPA),
					   .num_irqs = 1,
					   .irqs = &world.device_irq };
	grants[1] = (struct config_grant){ .name = "scratch",
					   .kind = CONFIG_GRANT_MEMORY,
					   .size = PAGE_SIZE };
	grants[2] = (struct config_grant){ .name = "history",
					   .kind = CONFIG_GRANT_MEMORY,
					   .kept = true,
					   .size = PAGE_SIZE,
					   .data = bundle_file,
					   .data_bytes = 64 };
	grants[3] = (struct config_grant){ .name = "script",
					   .kind = CONFIG_GRANT_FILE,
					   .size = sizeof(bundle_file),
					   .data = bundle_file,
					   .data_bytes = sizeof(bundle_file) };
}

static void describe_guest(struct config_guest *guest)
{
	struct config_region *regions = world.regions;

	strcpy(guest->name, "guest");
	guest->num_vcpus = COMPONENTS_VCPUS;
	guest->num_regions = 5;
	guest->regions = regions;
	guest->vmm = 0;
	world.line = (struct config_irq){ .guest = SERVED_LINE };
	regions[0] = (struct config_region){ .name = "serial",
					     .kind = REGION_VIRTUAL,
					     .gpa = GPA(SERVED_UART),
					     .size = PAGE_SIZE,
					     .device = "pl011",
					     .num_irqs = 1,
					     .irqs = &world.line };
	regions[1] = (struct config_region){ .name = "vcon",
					     .kind = REGION_VIRTUAL,
					     .gpa = GPA(SERVED_VIRTIO),
					     .size = PAGE_SIZE,
					     .device = "virtio-console",
					     .doorbell = true };
	regions[2] = (struct config_region){ .name = "again",
					     .kind = REGION_ALIAS,
					     .gpa = GPA(SERVED_AGAIN),
					     .size = PAGE_SIZE - 0x40,
					     .alias_of = 0,
					     .offset = 0x40 };
	regions[3] = (struct config_region){ .name = "ram",
					     .kind = REGION_RAM,
					     .access = SPACE_READ | SPACE_WRITE | SPACE_EXEC,
					     .gpa = GPA(SERVED_RAM),
					     .size = SERVED_RAM_BYTES };
	regions[4] = (struct config_region){ .name = "rom",
					     .kind = REGION_ROM,
					     .access = SPACE_READ | SPACE_EXEC,
					     .gpa = GPA(SERVED_ROM),
					     .size = PAGE_SIZE };
}

static void start_machine(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	host_start(2, MIB(8), 512);
	CHECK(sched_init() == OK);
	CHECK(irq_allocate(2, HOST_LINES) == OK);
	(void)host_loop(0);
	(void)host_loop(1);
	host_cpu_select(0);
}

void components_describe(void)
{
	struct config_component *peer = &world.configs[1];

	start_machine();
	memset(&world, 0, sizeof(world));
	world.system = (struct system){ .num_guests = 1,
					.guests = &world.guest_config,
					.num_components = 2,
					.components = world.configs,
					.num_channels = 2,
					.channels = world.channels };
	describe_server(&world.configs[0]);
	describe_guest(&world.guest_config);
	*peer = world.configs[0];
	strcpy(peer->name, "peer");
	peer->serves = 1; /* none */
	peer->num_grants = 0;
	peer->manages = BIT(0);
	peer->trusted_dma = false;
	peer->arguments = "";
	peer->policy = RESTART_NEVER;
	world.channels[0] =
		(struct config_channel){ .name = "line", .ends = { 0, 1 }, .size = SHARED_BYTES };
	world.channels[1] = (struct config_channel){ .name = "quiet", .ends = { 0, 0 } };
}

static void make_guest(void)
{
	struct guest *guest = &world.guest;

	guest->config = &world.guest_config;
	guest->num_regions = world.guest_config.num_regions;
	guest->regions = world.guest_regions;
	for (u32 i = 0; i < guest->num_regions; i++) {
		struct region *region = &guest->regions[i];

		region->config = &world.regions[i];
		region->gpa = region->config->gpa;
		region->size = region->config->size;
		if (region->config->kind == REGION_RAM || region->config->kind == REGION_ROM)
			CHECK(ram_alloc(region->size, PAGE_SIZE, &region->hpa) == OK);
	}
	for (u32 i = 0; i < COMPONENTS_VCPUS; i++) {
		world.vcpus[i].guest = guest;
		world.vcpus[i].index = i;
	}
}

/* Inline service, which an architecture tries first within the exit: include/mullion/serve.h. */
static bool serve_inline(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	u64 offset = exit->access.at.v - vcpu->served.base;
	bool write = exit->kind == EXIT_WRITE;
	struct component_exit record;
	struct arch_user *user;
	enum user_trap trap;
	u64 value;

	if (offset >= vcpu->served.span || !serve_begin(vcpu))
		return false;
	user = &vcpu->served.component->user;
	record = serve_record(vcpu, offset, (u32)__builtin_ctz(exit->access.width), write,
			      vcpu->served.component->exits);
	record.value = write ? exit->access.value : 0;
	arch_user_set_result(user, 0, NOTIFY_EXIT);
	serve_present(user, &record);
	trap = arch_user_run(user);
	if (trap != USER_SYSCALL || !serve_answered(vcpu)) {
		serve_leave(vcpu, trap, &record);
		return false;
	}
	value = arch_user_argument(user, 1);
	if (!serve_end(vcpu->served.component))
		serve_wake(vcpu->served.component);
	arch_vcpu_answer(vcpu, exit, OK, value);
	return true;
}

static void vcpu_thread(void *data)
{
	struct access *access = data;
	struct vcpu *vcpu = &world.vcpus[access - accesses];
	const struct region *region;

	if (access->exit.kind == EXIT_INSN) {
		access->made = component_serve_exit(vcpu, NULL, &access->exit, &access->power);
		access->busy = false;
		return;
	}
	region = region_find(&world.guest, access->exit.access.at);
	access->made = serve_inline(vcpu, &access->exit) ||
		       (region != NULL &&
			component_serve_exit(vcpu, region, &access->exit, &access->power));
	access->busy = false;
}

void components_create(void)
{
	components_describe();
	CHECK(component_setup(&world.system) == OK);
	CHECK(component_create(&world.configs[0], &world.server) == OK);
	CHECK(component_create(&world.configs[1], &world.peer) == OK);
	make_guest();
	CHECK(component_guest_attach(&world.guest) == OK);
	for (u32 i = 0; i < COMPONENTS_VCPUS; i++)
		CHECK(thread_init(&accesses[i].thread, THREAD_VCPU, "vcpu", vcpu_thread,
				  &accesses[i], PRIORITY_GUEST, SLICE_DEFAULT, BIT(0)) == OK);
}

void components_script(struct component *component, const struct host_call *calls, u32 count)
{
	host_user_script(&component->user, calls, count);
	if (atomic_load(&component->thread.state) == VCPU_PAUSED)
		component_notify(component, COMPONENTS_NUDGE);
}

void components_go(void)
{
	enum host_pause pause = host_loop(0);

	CHECK(pause == HOST_IDLE || pause == HOST_BUSY);
	host_cpu_select(0);
}

static void make_exit(u32 index, const struct vcpu_exit *exit)
{
	struct access *access = &accesses[index];

	CHECK(!access->busy);
	access->busy = true;
	access->made = false;
	access->exit = *exit;
	CHECK(thread_start(&access->thread) == OK);
	components_go();
}

void components_access(u32 index, bool write, u64 gpa, u64 value, u32 width)
{
	const struct vcpu_exit exit = {
		.kind = write ? EXIT_WRITE : EXIT_READ,
		.access = { .at = GPA(gpa), .value = value, .width = (u8)width },
	};

	make_exit(index, &exit);
}

void components_insn(u32 index, void *state, u32 bytes)
{
	const struct vcpu_exit exit = { .kind = EXIT_INSN, .insn = { state, bytes } };

	make_exit(index, &exit);
}

bool components_waits(u32 index)
{
	return accesses[index].busy;
}

int components_setup(void **state)
{
	(void)state;
	components_create();
	return 0;
}

int components_begin(void **state)
{
	struct component *server = world.server, *peer = world.peer;

	(void)state;
	component_stop(server);
	component_stop(peer);
	components_go();
	CHECK(component_guest_reset(&world.guest, guest_devices_reset)); /* it is stopped */
	components_script(server, NULL, 0);
	components_script(peer, NULL, 0);
	CHECK(component_start(server) == OK);
	CHECK(component_start(peer) == OK);
	components_go();
	memset(server->user.results, 0, sizeof(server->user.results));
	memset(peer->user.results, 0, sizeof(peer->user.results));
	host_console_clear();
	for (u32 i = 0; i < COMPONENTS_VCPUS; i++)
		memset(world.vcpus[i].arch.counts, 0, sizeof(world.vcpus[i].arch.counts));
	return 0;
}

u32 components_power(u32 index)
{
	return accesses[index].power;
}
