/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six stages of a start, one log line each, with the blocks of RAM that belong to them: core,
 * components, guests, modules. No block overlaps another (tests/system/x86.py compares them).
 */
#include "arch/x86_64/boot.h"
#include "arch/x86_64/virt.h"
#include <arch/boot.h>
#include <mullion/component.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>

#define BLOCKS_MAX 24u

static __boot_bss struct host_range blocks[BLOCKS_MAX];
static __boot_bss u32 num_blocks;
static __boot_bss bool blocks_cut;
static __boot_bss char blocks_text[BLOCKS_MAX * 32];

/* Neighbours are one block. */
__boot static void block_add(u64 base, u64 bytes)
{
	if (bytes == 0)
		return;
	for (u32 i = 0; i < num_blocks; i++) {
		struct host_range *block = &blocks[i];

		if (block->base != base + bytes && block->base + block->size != base)
			continue;
		block->base = MIN(block->base, base);
		block->size += bytes;
		return;
	}
	blocks_cut |= num_blocks == BLOCKS_MAX;
	if (num_blocks < BLOCKS_MAX)
		blocks[num_blocks++] = (struct host_range){ base, bytes };
}

/* " at 0x100000-0x1fffff 0x300000-0x3fffff" of the blocks since the last call. */
__boot static const char *blocks_take(void)
{
	char one[40];

	blocks_text[0] = '\0';
	for (u32 i = 0; i < num_blocks; i++) {
		(void)format(one, sizeof(one), "%s 0x%lx-0x%lx", i == 0 ? " at" : "",
			     blocks[i].base, blocks[i].base + blocks[i].size - 1);
		(void)str_append(blocks_text, sizeof(blocks_text), one);
	}
	(void)str_append(blocks_text, sizeof(blocks_text), blocks_cut ? " and more" : "");
	num_blocks = 0;
	blocks_cut = false;
	return blocks_text;
}

static void log_host(u32 stage)
{
	u32 online = 0;

	for (u32 id = 0; id < cpu_count; id++)
		online += atomic_load(&cpu_get(id)->online);
	block_add(boot_info.image_pa.v, boot_info.image_bytes);
	block_add(boot_info.description_pa.v, boot_info.description_bytes);
	block_add(boot_info.heap_pa.v, boot_info.heap_bytes);
	log_info("stage %u, host: %u of %u CPUs, core%s", stage, online, cpu_count, blocks_take());
}

static void log_virtualisation(u32 stage)
{
	log_info("stage %u, virtualisation: %s", stage, virt != NULL ? virt->name : "not used");
}

static void log_modules(u32 stage)
{
	u32 count = 0;

	block_add(boot_info.bundle_pa.v, boot_info.bundle_bytes);
	log_info("stage %u, modules: bundle%s", stage, blocks_take());
	for (u32 i = 0; i < component_count; i++) {
		const struct component *component = component_get(i);

		if (component == NULL)
			continue;
		count++;
		block_add(component->memory.v, component->memory_bytes);
	}
	log_info("stage %u, modules: %u components%s", stage, count, blocks_take());
}

static void log_guests(u32 stage)
{
	u32 count = 0;

	for (u32 id = 0; id < CONFIG_MAX_GUESTS; id++) {
		const struct guest *guest = guest_get(id);

		if (guest == NULL)
			continue;
		count++;
		for (u32 i = 0; i < guest->num_regions; i++)
			if (guest->regions[i].config->kind == REGION_RAM ||
			    guest->regions[i].config->kind == REGION_ROM)
				block_add(guest->regions[i].hpa.v, guest->regions[i].size);
	}
	log_info("stage %u, guests: %u%s", stage, count, blocks_take());
}

static void log_vcpus(u32 stage)
{
	u32 count = 0;

	for (u32 id = 0; id < CONFIG_MAX_GUESTS; id++)
		count += guest_get(id) != NULL ? guest_get(id)->num_vcpus : 0;
	log_info("stage %u, vCPUs: %u", stage, count);
}

static void log_launch(u32 stage)
{
	log_info("stage %u, launch: %lu KiB free", stage, ram_free_bytes() >> 10);
}

__boot void stages_log(void)
{
	static void (*const stages[])(u32 stage) = { log_host,   log_virtualisation, log_modules,
						     log_guests, log_vcpus,          log_launch };

	for (u32 i = 0; i < ARRAY_SIZE(stages); i++)
		stages[i](i + 1);
}
