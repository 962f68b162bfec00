/* SPDX-License-Identifier: Apache-2.0 */
/* Guests on the fake machine, see machine.h. */
#include "support/machine.h"

#include <stdlib.h>
#include <string.h>

#include <mullion/irq.h>
#include <mullion/sched.h>

const u8 machine_kernel[256] = { 'k', 'e', 'r', 'n', 'e', 'l' };

static enum host_pause pauses[MACHINE_CPUS];

static void *take(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		abort();
	return p;
}

/* The test waits for another CPU. */
static void let_others_run(void)
{
	u32 self = this_cpu()->id;

	for (u32 id = 0; id < MACHINE_CPUS; id++)
		if (id != self)
			pauses[id] = host_loop(id);
}

void machine_start(void)
{
	if (cpu_count == 0) {
		host_start(MACHINE_CPUS, MACHINE_RAM, MACHINE_HEAP);
		if (sched_init() != OK || irq_allocate(2, HOST_LINES) != OK)
			abort();
		host_on_relax = let_others_run;
	}
}

/* The device is the first, and may be left out. */
static const struct config_region regions[] = {
	{ .name = "uart",
	  .kind = REGION_DEVICE,
	  .access = SPACE_READ | SPACE_WRITE,
	  .gpa = { GUEST_DEVICE },
	  .size = PAGE_SIZE,
	  .hpa_fixed = true,
	  .hpa = { GUEST_DEVICE },
	  .num_irqs = 1 },
	{ .name = "virtual", .kind = REGION_VIRTUAL, .gpa = { GUEST_VIRTUAL }, .size = PAGE_SIZE },
	{ .name = "ram",
	  .kind = REGION_RAM,
	  .access = SPACE_READ | SPACE_WRITE | SPACE_EXEC,
	  .gpa = { GUEST_RAM },
	  .size = GUEST_RAM_BYTES },
	{ .name = "rom",
	  .kind = REGION_ROM,
	  .access = SPACE_READ | SPACE_EXEC,
	  .gpa = { GUEST_ROM },
	  .size = PAGE_SIZE },
	{ .name = "alias",
	  .kind = REGION_ALIAS,
	  .access = SPACE_READ | SPACE_WRITE | SPACE_EXEC,
	  .gpa = { GUEST_ALIAS },
	  .size = PAGE_SIZE,
	  .alias_of = 2 },
};

void machine_config(struct config_guest *config, const char *name, u32 first_cpu, u32 vcpus,
		    bool device)
{
	u32 skip = device ? 0 : 1;

	*config = (struct config_guest){
		.num_vcpus = vcpus,
		.vcpus = take(vcpus, sizeof(struct config_vcpu)),
		.num_regions = ARRAY_SIZE(regions) - skip,
		.regions = take(ARRAY_SIZE(regions), sizeof(struct config_region)),
		.kernel_type = ARM64_KERNEL_RAW,
		.kernel = { .file = "kernel",
			    .data = machine_kernel,
			    .size = sizeof(machine_kernel),
			    .load = { GUEST_KERNEL },
			    .span = sizeof(machine_kernel) },
		.tree = { .load = { GUEST_RAM + 0x10000 }, .span = 2 * PAGE_SIZE },
		.entry = { GUEST_KERNEL },
		.bootargs = "",
		.arch.arm64 = { .gic_version = 3,
				.num_spis = 64,
				.gicd = { 0x8000000 },
				.gicr = { 0x80a0000 } },
	};
	(void)strncpy(config->name, name, sizeof(config->name) - 1);
	memcpy(config->regions, regions + skip, config->num_regions * sizeof(regions[0]));
	if (device) {
		config->regions[0].irqs = take(1, sizeof(struct config_irq));
		config->regions[0].irqs[0] =
			(struct config_irq){ .host = HOST_IRQ, .guest = GUEST_IRQ, .level = true };
	} else {
		config->regions[3].alias_of = 1;
	}
	config->console = config->num_regions;
	for (u32 i = 0; i < vcpus; i++)
		config->vcpus[i] =
			(struct config_vcpu){ .cpu = first_cpu + i, .priority = PRIORITY_GUEST };
}

void machine_config_free(struct config_guest *config)
{
	free(config->regions[0].irqs);
	free(config->regions);
	free(config->vcpus);
}

bool machine_give(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	if (pauses[vcpu->thread.cpu] != HOST_WANTS_EXIT ||
	    cpu_get(vcpu->thread.cpu)->thread != &vcpu->thread)
		return false;
	host_script(vcpu, exit, 1);
	pauses[vcpu->thread.cpu] = host_loop(vcpu->thread.cpu);
	return true;
}

void machine_settle(void)
{
	/* A request of one CPU to another, and its answer, take no more than two rounds. */
	for (u32 round = 0; round < 3; round++)
		for (u32 id = 0; id < MACHINE_CPUS; id++)
			pauses[id] = host_loop(id);
	host_cpu_select(0);
}
