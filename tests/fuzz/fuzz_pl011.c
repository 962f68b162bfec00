/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/vmm: a hostile guest, a hostile other end of its line, resets and restarts with
 * arbitrary state. The device must stay within its memory, undefined bits of registers stay zero,
 * and its line's level is that of its interrupts.
 *
 * Input: steps of 4 bytes: kind, offset / 4 of the register (two bytes), value. Bits 7 and 5 of the
 * kind are the device, and bit 6 repeats the exit that was before.
 */
#include "components/lib/host.h"
#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include "components/vmm/vmm.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { G_UART, G_LINE, G_RTC, G_RTC_LINE, G_TIMER, G_TIMER_LINE, G_CHANNEL, G_STATE, G_COUNT };

static struct serial_line line;
static u8 state[PAGE_SIZE] __aligned(4096);
static struct component_info info = {
	.magic = COMPONENT_INFO_MAGIC,
	.num_grants = G_COUNT,
	.vcpus = 1,
	.guest = "guest",
	.grants = {
		[G_UART] = { .kind = GRANT_VIRTUAL, .name = "uart", .detail = "pl011" },
		[G_LINE] = { .kind = GRANT_LINE, .name = "uart" },
		[G_RTC] = { .kind = GRANT_VIRTUAL, .name = "rtc", .detail = "pl031" },
		[G_RTC_LINE] = { .kind = GRANT_LINE, .name = "rtc" },
		[G_TIMER] = { .kind = GRANT_VIRTUAL, .name = "timer", .detail = "sp804" },
		[G_TIMER_LINE] = { .kind = GRANT_LINE, .name = "timer" },
		[G_CHANNEL] = { .kind = GRANT_CHANNEL, .name = "guest", .size = sizeof(line) },
		[G_STATE] = { .kind = GRANT_MEMORY, .name = "state", .size = sizeof(state) },
	},
};

static u64 exits; /* the latest one's number */

static u64 serve(u64 bits, u32 region, u64 offset, bool write, u32 value)
{
	struct component_exit exit = {
		.where = (u64)region << 16 | UINT64_C(4) << 32 | (write ? EXIT_IS_WRITE : 0),
		.offset = offset,
		.value = value,
		.number = exits,
	};

	(void)runtime_serve(&vmm_program, bits, &exit);
	return host_core.resume_value;
}

static void check_registers(void)
{
	u64 raw = serve(NOTIFY_EXIT, G_UART, 0x3c, false, 0);
	u64 mask = serve(NOTIFY_EXIT, G_UART, 0x38, false, 0);

	CHECK((raw & ~UINT64_C(0x7ff)) == 0 && (mask & ~UINT64_C(0x7ff)) == 0);
	CHECK(serve(NOTIFY_EXIT, G_UART, 0x40, false, 0) == (raw & mask));
	CHECK(host_core.level[G_LINE] == ((raw & mask) != 0));
	CHECK(serve(NOTIFY_EXIT, G_UART, 0xfe0, false, 0) == 0x11);
	CHECK(serve(NOTIFY_EXIT, G_TIMER, 0xfe0, false, 0) == 0x04);
	raw = serve(NOTIFY_EXIT, G_TIMER, 0x14, false, 0);
	CHECK(host_core.level[G_TIMER_LINE] ==
	      ((raw | serve(NOTIFY_EXIT, G_TIMER, 0x34, false, 0)) != 0));
}

static void step(const u8 *data)
{
	u64 offset = (u64)(data[1] | data[2] << 8) * 4;
	static const u8 regions[4] = { G_UART, G_TIMER, G_RTC, G_TIMER };
	u32 region = regions[(data[0] >> 6 & 2) | (data[0] >> 5 & 1)];
	u32 value = data[3];

	exits += (data[0] & 0x40) == 0;
	switch (data[0] & 7) {
	case 0: (void)serve(NOTIFY_EXIT, region, offset, false, 0); break;
	case 1: (void)serve(NOTIFY_EXIT, region, offset, true, value); break;
	case 2: (void)serve(NOTIFY_EXIT, region, offset, true, value << 8 | data[0]); break;
	case 3:
		atomic_fetch_add(&line.to_second.in, value);
		(void)serve(BIT(0), 0, 0, false, 0);
		break;
	case 4:
		atomic_fetch_add(&line.to_first.out, value << 4);
		(void)serve(BIT(0), 0, 0, false, 0);
		break;
	case 5:
		host_core.now.v += (u64)value << 24;
		(void)serve(NOTIFY_TIMER, 0, 0, false, 0);
		break;
	case 6: (void)serve(NOTIFY_RESET | NOTIFY_EXIT, region, offset, false, 0); break;
	default:
		state[offset / 4 % sizeof(state)] = data[3];
		runtime_start(&vmm_program, &info);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_core_reset();
	memset(&line, 0, sizeof(line));
	memset(state, 0, sizeof(state));
	info.grants[G_CHANNEL].address = (uintptr_t)&line;
	info.grants[G_STATE].address = (uintptr_t)state;
	runtime_start(&vmm_program, &info);
	for (; size >= 4; data += 4, size -= 4) {
		step(data);
		check_registers();
	}
	return 0;
}
