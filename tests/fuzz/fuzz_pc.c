/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a PC in a vmm: any accesses to their ports, resets, restarts with arbitrary state,
 * and time that jumps. They must stay within their memory and end each call.
 *
 * Input: steps of 4 bytes, kind, region, offset, value.
 */
#include "components/lib/host.h"
#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include "components/vmm/vmm.h"

#include <string.h>

static const struct {
	const char *name, *device;
	u16 port, size;
} regions[] = {
	{ "pic", "i8259", 0x20, 2 },        { "timer", "i8254", 0x40, 4 },
	{ "keyboard", "i8042", 0x60, 1 },   { "gate", "i8254", 0x61, 1 },
	{ "command", "i8042", 0x64, 1 },    { "clock", "mc146818", 0x70, 2 },
	{ "second", "i8259", 0xa0, 2 },     { "debug", "debug-port", 0xe9, 1 },
	{ "uart", "ns16550", 0x3f8, 8 },    { "trigger", "i8259", 0x4d0, 2 },
	{ "power", "acpi-pm", 0x600, 12 },  { "pci", "pci-host", 0xcf8, 8 },
	{ "firmware", "fw-cfg", 0x510, 2 },
};

#define REGIONS ARRAY_SIZE(regions)

static struct serial_line line;
static u8 state[PAGE_SIZE] __aligned(4096);
static struct component_info info;
static u64 number;

static void add(u32 index, enum grant_kind kind, const char *name, u64 address, u64 size)
{
	struct grant_info *g = &info.grants[index];

	g->kind = kind;
	g->address = address;
	g->size = size;
	strcpy(g->name, name);
}

static void describe(void)
{
	memset(&info, 0, sizeof(info));
	info.magic = COMPONENT_INFO_MAGIC;
	strcpy(info.guest, "pc");
	for (u32 i = 0; i < REGIONS; i++) {
		add(2 * i, GRANT_VIRTUAL, regions[i].name, PORT_BASE + regions[i].port,
		    regions[i].size);
		strcpy(info.grants[2 * i].detail, regions[i].device);
		add(2 * i + 1, GRANT_LINE, regions[i].name, 0, 0);
	}
	add(2 * REGIONS, GRANT_MEMORY, "state", (uintptr_t)state, sizeof(state));
	add(2 * REGIONS + 1, GRANT_CHANNEL, "pc", (uintptr_t)&line, sizeof(line));
	info.grants[2 * REGIONS + 1].bit = 3;
	info.num_grants = 2 * REGIONS + 2;
}

static void access_port(const u8 step[4], bool write)
{
	u32 region = step[1] % REGIONS;
	u64 value = step[3] * UINT64_C(0x01010101);
	u64 width = BIT(EXIT_WIDTH_SHIFT + step[0] / 8 % 4);

	(void)vmm_program.exit((u64)(2 * region) << 16 | width | (write ? EXIT_IS_WRITE : 0),
			       step[2] % regions[region].size, value, ++number);
}

static void run_step(const u8 step[4])
{
	switch (step[0] % 8) {
	case 0:
	case 1: access_port(step, false); break;
	case 2:
	case 3:
	case 4: access_port(step, true); break;
	case 5:
		host_core.now.v += (u64)step[1] << step[2] % 40;
		host_core.since_1970.v += (u64)step[3] << step[2] % 56;
		vmm_program.timer();
		break;
	case 6:
		if (step[1] == 0)
			vmm_program.reset();
		else
			vmm_program.notified(BIT(3));
		break;
	default:
		memset(state + step[1] * 16u, step[3], 16);
		runtime_start(&vmm_program, &info);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	host_core_reset();
	memset(&line, 0, sizeof(line));
	memset(state, 0, sizeof(state));
	describe();
	runtime_start(&vmm_program, &info);
	for (size_t i = 0; i + 4 <= size && i < 4096; i += 4)
		run_step(data + i);
	return 0;
}
