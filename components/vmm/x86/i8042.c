/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyboard controller of a PC (Intel 8042), without keyboard and mouse: the self-test, the
 * command byte, and the two ways to reset.
 */
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define DATA    0x60u
#define COMMAND 0x64u

#define STATUS_OUTPUT 0x01u /* a byte is to be read */
#define STATUS_SYSTEM 0x04u /* the self-test has passed */

#define READ_BYTE    0x20u
#define WRITE_BYTE   0x60u
#define SELF_TEST    0xaau
#define TEST_PORT    0xabu
#define READ_OUTPUT  0xd0u
#define WRITE_OUTPUT 0xd1u
#define PULSE        0xf0u /* and bits 3 to 0: lines that are pulsed when 0 */
#define LINE_RESET   0x01u
#define SELF_TEST_OK 0x55u
#define OUTPUT_IDLE  0xcfu

struct i8042_state {
	u32 output, full; /* the byte to be read, and that there is one */
	u32 command_byte;
	u32 expects; /* the command that the next data byte belongs to; 0: none */
};

static void answer(struct i8042_state *s, u32 byte)
{
	s->output = byte;
	s->full = 1;
}

static bool run_command(struct i8042_state *s, u32 byte)
{
	s->expects = 0;
	if (byte >= PULSE && (byte & LINE_RESET) == 0) {
		device_power(RESUME_RESET);
		return true;
	}
	switch (byte) {
	case READ_BYTE: answer(s, s->command_byte); break;
	case WRITE_BYTE:
	case WRITE_OUTPUT: s->expects = byte; break;
	case SELF_TEST: answer(s, SELF_TEST_OK); break;
	case TEST_PORT: answer(s, 0); break;
	case READ_OUTPUT: answer(s, OUTPUT_IDLE); break;
	default: break;
	}
	return false;
}

static bool take_data(struct i8042_state *s, u32 byte)
{
	u32 command = s->expects;

	s->expects = 0;
	if (command == WRITE_BYTE)
		s->command_byte = byte;
	if (command != WRITE_OUTPUT || (byte & LINE_RESET) != 0)
		return false;
	device_power(RESUME_RESET);
	return true;
}

static u64 keyboard_read(struct device *device, u64 offset, u64 number, u64 where)
{
	struct i8042_state *s = device->state;

	(void)number;
	(void)where;
	if (device->base + offset == COMMAND)
		return STATUS_SYSTEM | (s->full != 0 ? STATUS_OUTPUT : 0);
	s->full = 0;
	return (u8)s->output;
}

static bool keyboard_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	(void)number;
	(void)where;
	if (device->base + offset == COMMAND)
		return run_command(device->state, (u8)value);
	return take_data(device->state, (u8)value);
}

static void keyboard_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct i8042_state));
}

static void keyboard_resume(struct device *device)
{
	(void)device;
}

static ns_t keyboard_timer(struct device *device)
{
	(void)device;
	return NS(UINT64_MAX);
}

const struct device_model i8042_model = {
	.name = "i8042",
	.size = sizeof(struct i8042_state),
	.joined = true,
	.reset = keyboard_reset,
	.resume = keyboard_resume,
	.read = keyboard_read,
	.write = keyboard_write,
	.timer = keyboard_timer,
};
