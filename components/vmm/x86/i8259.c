/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two interrupt controllers of a PC (Intel 8259A) and their trigger registers. Their registers
 * work; no line is connected to them, because a guest's interrupts come by its I/O APIC.
 */
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define MASTER  0x20u
#define SLAVE   0xa0u
#define TRIGGER 0x4d0u

#define INIT       0x10u /* ICW1 */
#define INIT_ICW4  0x01u
#define INIT_ALONE 0x02u
#define OCW3       0x08u
#define OCW3_READ  0x02u
#define OCW3_ISR   0x01u

struct pic {
	u8 mask, trigger;
	u8 step; /* of the initialisation: the next ICW, 2 to 4; 0: it is done */
	u8 icw1, base, cascade, icw4;
	u8 reads_isr;
};

struct i8259_state {
	struct pic pics[2];
};

_Static_assert(sizeof(struct i8259_state) <= DEVICE_STATE, "device.h");

static void write_command(struct pic *pic, u8 value)
{
	if ((value & INIT) != 0)
		*pic = (struct pic){ .trigger = pic->trigger, .icw1 = value, .step = 2 };
	else if ((value & OCW3) != 0 && (value & OCW3_READ) != 0)
		pic->reads_isr = value & OCW3_ISR;
}

static void write_data(struct pic *pic, u8 value)
{
	switch (pic->step) {
	case 2:
		pic->base = value;
		pic->step = (pic->icw1 & INIT_ALONE) == 0  ? 3
			    : (pic->icw1 & INIT_ICW4) != 0 ? 4
							   : 0;
		break;
	case 3:
		pic->cascade = value;
		pic->step = (pic->icw1 & INIT_ICW4) != 0 ? 4 : 0;
		break;
	case 4:
		pic->icw4 = value;
		pic->step = 0;
		break;
	default: pic->mask = value; break;
	}
}

/* Returns the controller of the port, or NULL; *@reg: 0 command, 1 data, 2 trigger. */
static struct pic *find(struct i8259_state *s, u64 port, u32 *reg)
{
	if (port == TRIGGER || port == TRIGGER + 1) {
		*reg = 2;
		return &s->pics[port - TRIGGER];
	}
	*reg = port & 1;
	if ((port & ~UINT64_C(1)) == MASTER)
		return &s->pics[0];
	return (port & ~UINT64_C(1)) == SLAVE ? &s->pics[1] : NULL;
}

static u64 pic_read(struct device *device, u64 offset, u64 number, u64 where)
{
	u32 reg;
	const struct pic *pic = find(device->state, device->base + offset, &reg);

	(void)number;
	(void)where;
	if (pic == NULL)
		return UINT64_MAX;
	return reg == 0 ? 0 : reg == 1 ? pic->mask : pic->trigger;
}

static bool pic_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	u32 reg;
	struct pic *pic = find(device->state, device->base + offset, &reg);

	(void)number;
	(void)where;
	if (pic == NULL)
		return false;
	if (reg == 0)
		write_command(pic, (u8)value);
	else if (reg == 1)
		write_data(pic, (u8)value);
	else
		pic->trigger = (u8)value;
	return false;
}

static void pic_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct i8259_state));
}

static void pic_resume(struct device *device)
{
	(void)device;
}

static ns_t pic_timer(struct device *device)
{
	(void)device;
	return NS(UINT64_MAX);
}

const struct device_model i8259_model = {
	.name = "i8259",
	.size = sizeof(struct i8259_state),
	.joined = true,
	.reset = pic_reset,
	.resume = pic_resume,
	.read = pic_read,
	.write = pic_write,
	.timer = pic_timer,
};
