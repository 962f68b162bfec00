/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of a PC in a vmm, and accesses to their ports. */
#ifndef TESTS_VMM_PC_H
#define TESTS_VMM_PC_H

#include "support/test.h"

#include <string.h>

#include "components/lib/host.h"
#include "components/lib/runtime.h"
#include "components/vmm/vmm.h"

static const struct {
	const char *name, *device;
	u16 port, size;
	u8 gsi; /* of its interrupt line; 0: none */
} regions[] = {
	{ "pic", "i8259", 0x20, 2, 0 },      { "timer", "i8254", 0x40, 4, 2 },
	{ "keyboard", "i8042", 0x60, 1, 0 }, { "gate", "i8254", 0x61, 1, 0 },
	{ "command", "i8042", 0x64, 1, 0 },  { "clock", "mc146818", 0x70, 2, 8 },
	{ "second", "i8259", 0xa0, 2, 0 },   { "debug", "debug-port", 0xe9, 1, 0 },
	{ "trigger", "i8259", 0x4d0, 2, 0 }, { "power", "acpi-pm", 0x600, 12, 9 },
	{ "pci", "pci-host", 0xcf8, 8, 0 },  { "firmware", "fw-cfg", 0x510, 2, 0 },
};

#define REGIONS         ARRAY_SIZE(regions)
#define LINE_OF(region) (REGIONS + (region))
#define TIMER_LINE      LINE_OF(1)
#define CLOCK_LINE      LINE_OF(5)
#define POWER_LINE      LINE_OF(9)
#define STATE           (2 * REGIONS)

static u8 state_page[PAGE_SIZE] __aligned(4096);
static struct component_info info;
static u64 number;
static u64 last_flags;

static inline void add(u32 index, enum grant_kind kind, const char *name, u64 address, u64 size)
{
	struct grant_info *g = &info.grants[index];

	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->address = address;
	g->size = size;
	strcpy(g->name, name);
}

static inline void start(void)
{
	runtime_start(&vmm_program, &info);
}

static inline int fresh(void **unused)
{
	(void)unused;
	host_core_reset();
	memset(state_page, 0, sizeof(state_page));
	memset(&info, 0, sizeof(info));
	info.magic = COMPONENT_INFO_MAGIC;
	info.num_grants = STATE + 1;
	strcpy(info.guest, "pc");
	for (u32 i = 0; i < REGIONS; i++) {
		add(i, GRANT_VIRTUAL, regions[i].name, PORT_BASE + regions[i].port,
		    regions[i].size);
		strcpy(info.grants[i].detail, regions[i].device);
		add((u32)LINE_OF(i), regions[i].gsi != 0 ? GRANT_LINE : GRANT_NONE, regions[i].name,
		    regions[i].gsi, 0);
	}
	add(STATE, GRANT_MEMORY, "state", (uintptr_t)state_page, sizeof(state_page));
	host_core.now = NS(5000000000);
	start();
	return 0;
}

static inline u64 access_port(u16 port, bool write, u64 value, u32 width)
{
	for (u32 i = 0; i < REGIONS; i++) {
		struct answer answer;

		if (port < regions[i].port || port >= regions[i].port + regions[i].size)
			continue;
		answer = vmm_program.exit((u64)i << 16 | (u64)width << EXIT_WIDTH_SHIFT |
						  (write ? EXIT_IS_WRITE : 0),
					  port - regions[i].port, value, ++number);
		last_flags = answer.flags;
		return answer.value;
	}
	fail();
	return 0;
}

/* Of @width bytes, as the core passes them on. */
static inline u32 in_wide(u16 port, u32 width)
{
	return (u32)(access_port(port, false, 0, width) & MASK(8 * width - 1, 0));
}

static inline void out_wide(u16 port, u32 width, u32 value)
{
	(void)access_port(port, true, value & MASK(8 * width - 1, 0), width);
}

static inline u32 in(u16 port)
{
	return in_wide(port, 4);
}

static inline void out(u16 port, u32 value)
{
	out_wide(port, 4, value);
}

#endif
