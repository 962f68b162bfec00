/* SPDX-License-Identifier: Apache-2.0 */
/* A console with a UART of the test's own and the other ends of its channels. */
#ifndef TESTS_CONSOLE_FAKE_H
#define TESTS_CONSOLE_FAKE_H

#include "components/console/console.h"
#include "components/lib/host.h"

#include <stdio.h>
#include <string.h>

#define FAKE_PORTS   10u
#define FAKE_SCREEN  (512u * 1024u)
#define FAKE_FOREVER (~UINT64_C(0))

static struct {
	struct console console;
	struct component_info info;
	struct serial_line lines[FAKE_PORTS];
	u8 regs[4096];
	const u8 *typed; /* what the user has typed, from typed_at on not read yet */
	size_t typed_size, typed_at;
	char screen[FAKE_SCREEN + 1];
	size_t shown, shown_max; /* bytes that came; that the UART takes until it is full */
	u32 registers[4096 / 4];
} fake;

static u32 fake_mmio_read(u64 address)
{
	size_t offset = (size_t)(address - (uintptr_t)fake.regs);

	switch (offset) {
	case 0x00: return fake.typed_at < fake.typed_size ? fake.typed[fake.typed_at++] : 0;
	case 0x18:
		return (u32)((fake.typed_at < fake.typed_size ? 0 : BIT(4)) |
			     (fake.shown < fake.shown_max ? 0 : BIT(5)));
	default: return fake.registers[offset / 4];
	}
}

static void fake_mmio_write(u64 address, u32 value)
{
	size_t offset = (size_t)(address - (uintptr_t)fake.regs);

	fake.registers[offset / 4] = value;
	if (offset != 0)
		return;
	if (fake.shown < FAKE_SCREEN)
		fake.screen[fake.shown] = (char)value;
	fake.shown++;
}

static inline u32 fake_mask(void)
{
	return fake.registers[0x38 / 4];
}

static inline void fake_grant(u32 kind, const char *name, u64 address, u64 size, u16 flags)
{
	struct grant_info *grant = &fake.info.grants[fake.info.num_grants];

	*grant = (struct grant_info){
		.kind = kind,
		.bit = (u16)fake.info.num_grants,
		.flags = flags,
		.address = address,
		.size = size,
	};
	(void)snprintf(grant->name, sizeof(grant->name), "%s", name);
	fake.info.num_grants++;
}

/* Grants of @ports ports: linux1, linux2, ..., mterm the last. */
static inline void fake_grants(u32 ports, const char *arguments)
{
	char name[GRANT_NAME];

	memset(&fake, 0, sizeof(fake));
	host_core_reset();
	host_core.mmio_read = fake_mmio_read;
	host_core.mmio_write = fake_mmio_write;
	fake.shown_max = FAKE_SCREEN;
	fake.info.magic = COMPONENT_INFO_MAGIC;
	(void)snprintf(fake.info.arguments, sizeof(fake.info.arguments), "%s", arguments);
	fake_grant(GRANT_DEVICE, "uart", (uintptr_t)fake.regs, sizeof(fake.regs), 0);
	fake_grant(GRANT_INTERRUPT, "uart", 0, 0, 0);
	for (u32 i = 0; i < ports; i++) {
		(void)snprintf(name, sizeof(name), i + 1 == ports ? "mterm" : "linux%u", i + 1);
		fake_grant(GRANT_CHANNEL, name, (uintptr_t)&fake.lines[i],
			   sizeof(struct serial_line), GRANT_FIRST);
	}
}

static inline void fake_pump(u64 now_ns)
{
	u32 turns = 0;

	while (console_pump(&fake.console, now_ns) && turns++ < 100000)
		;
}

static inline void fake_start(u32 ports, const char *arguments)
{
	fake_grants(ports, arguments);
	console_start(&fake.console, &fake.info);
	fake_pump(0);
}

static inline void fake_clear(void)
{
	memset(fake.screen, 0, fake.shown < FAKE_SCREEN ? fake.shown : FAKE_SCREEN);
	fake.shown = 0;
}

static inline void fake_type(const void *bytes, size_t n)
{
	fake.typed = bytes;
	fake.typed_size = n;
	fake.typed_at = 0;
	fake_pump(0);
}

static inline void fake_key(const char *keys)
{
	fake_type(keys, strlen(keys));
}

/* The other end sends. Returns how many bytes its ring took. */
static inline size_t fake_send(u32 port, const void *bytes, size_t n)
{
	struct serial_ring *ring = &fake.lines[port].to_first;
	size_t i;

	for (i = 0; i < n && ring->in - ring->out < SERIAL_RING_BYTES; i++) {
		ring->data[ring->in % SERIAL_RING_BYTES] = ((const u8 *)bytes)[i];
		ring->in++;
	}
	return i;
}

static inline void fake_say(u32 port, const char *text)
{
	(void)fake_send(port, text, strlen(text));
	fake_pump(0);
}

/* The other end reads. Returns how much there was. */
static inline size_t fake_receive(u32 port, u8 *to, size_t max)
{
	struct serial_ring *ring = &fake.lines[port].to_second;
	size_t i;

	for (i = 0; i < max && ring->out != ring->in; i++, ring->out++)
		to[i] = ring->data[ring->out % SERIAL_RING_BYTES];
	return i;
}

/* A piece of the core's log, as main.c fetches it. */
static inline void fake_log(const char *text, bool more)
{
	fake.console.log_size = (u32)strlen(text);
	memcpy(fake.console.log, text, fake.console.log_size);
	fake.console.log_at = 0;
	fake.console.log_more = more;
	fake_pump(0);
}

#endif
