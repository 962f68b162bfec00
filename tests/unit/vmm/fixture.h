/* SPDX-License-Identifier: Apache-2.0 */
/* A vmm with a UART, a clock, and a serial line whose other end is the test. */
#ifndef TESTS_VMM_FIXTURE_H
#define TESTS_VMM_FIXTURE_H

#include "support/test.h"

#include "components/lib/host.h"
#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include "components/vmm/vmm.h"

enum { G_UART, G_UART_LINE, G_RTC, G_RTC_LINE, G_CHANNEL, G_STATE, G_COUNT };

#define CHANNEL_BIT BIT(3)

static struct serial_line line;
static struct serial_end console; /* the other end */
static u8 state_page[PAGE_SIZE] __aligned(4096);
static struct component_info info;

static inline void grant(u32 index, enum grant_kind kind, const char *name, const char *detail,
			 const void *address, u64 size)
{
	struct grant_info *g = &info.grants[index];

	memset(g, 0, sizeof(*g));
	g->kind = kind;
	g->address = (uintptr_t)address;
	g->size = size;
	strcpy(g->name, name);
	strcpy(g->detail, detail);
}

static inline void notify(u64 bits)
{
	struct component_exit exit = { 0 };

	if ((bits & NOTIFY_TIMER) != 0)
		host_core.timer = NS(UINT64_MAX);
	(void)runtime_serve(&vmm_program, bits, &exit);
}

static inline void start(void)
{
	runtime_start(&vmm_program, &info);
	assert_int_equal(host_core.timer.v, 0);
	notify(NOTIFY_TIMER);
}

/* As a new boot: nothing kept, the line empty. */
static inline int fresh(void **unused)
{
	struct component_info other = { .magic = COMPONENT_INFO_MAGIC, .num_grants = G_COUNT };

	(void)unused;
	host_core_reset();
	memset(&line, 0, sizeof(line));
	memset(state_page, 0, sizeof(state_page));
	memset(&info, 0, sizeof(info));
	info.magic = COMPONENT_INFO_MAGIC;
	info.num_grants = G_COUNT;
	info.vcpus = 1;
	strcpy(info.guest, "debian");
	grant(G_UART, GRANT_VIRTUAL, "uart", "pl011", NULL, PAGE_SIZE);
	grant(G_UART_LINE, GRANT_LINE, "uart", "", NULL, 0);
	grant(G_RTC, GRANT_VIRTUAL, "rtc", "pl031", NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "rtc", "", NULL, 0);
	grant(G_CHANNEL, GRANT_CHANNEL, "debian", "console", &line, sizeof(line));
	info.grants[G_CHANNEL].bit = 3;
	grant(G_STATE, GRANT_MEMORY, "state", "", state_page, sizeof(state_page));
	other.grants[G_CHANNEL] = info.grants[G_CHANNEL];
	other.grants[G_CHANNEL].flags = GRANT_FIRST;
	assert_true(serial_attach(&console, &other, &other.grants[G_CHANNEL]));
	start();
	return 0;
}

static u64 exits; /* so far: the latest one's number */

/* The latest access to a region, for the first time or again, through the event loop; its answer.
 */
static inline u64 access_again(u32 region, u64 offset, bool write, u64 value, u32 width)
{
	struct component_exit exit = {
		.where = (u64)region << 16 | (u64)width << 32 | (write ? EXIT_IS_WRITE : 0),
		.offset = offset,
		.value = value,
		.number = exits,
	};

	(void)runtime_serve(&vmm_program, NOTIFY_EXIT, &exit);
	return host_core.resume_value;
}

static inline u64 access_region(u32 region, u64 offset, bool write, u64 value, u32 width)
{
	exits++;
	return access_again(region, offset, write, value, width);
}

static inline u32 get(u32 region, u64 offset)
{
	return (u32)access_region(region, offset, false, 0, 4);
}

static inline void set(u32 region, u64 offset, u32 value)
{
	(void)access_region(region, offset, true, value, 4);
}

/* The other end types. */
static inline void type(const char *text)
{
	assert_int_equal(serial_send(&console, (const u8 *)text, (u32)strlen(text)), strlen(text));
	notify(CHANNEL_BIT);
}

#endif
