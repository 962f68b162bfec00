/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two interrupt controllers of a PC (Intel 8259A) and their trigger registers. The lines of the
 * guest's ISA devices reach them beside its I/O APIC. The first controller's request is given to
 * the core as a vector. The core delivers it by LINT0 of the first vCPU, or by pin 0 of the I/O
 * APIC.
 *
 * The core sends no message when the processor has taken a request. It is asked before anything
 * changes here. Then the acknowledge cycle takes place.
 */
#include "components/vmm/x86/devices.h"

#include <abi/pc.h>
#include <mullion/string.h>

#define MASTER  0x20u
#define SLAVE   0xa0u
#define TRIGGER 0x4d0u

#define INIT       0x10u /* ICW1 */
#define INIT_ICW4  0x01u
#define INIT_ALONE 0x02u
#define ICW4_AUTO  0x02u
#define ICW4_NEST  0x10u /* special fully nested mode */

#define OCW2_LEVEL    0x07u
#define OCW2_SPECIFIC 0x40u

#define OCW3          0x08u
#define OCW3_ISR      0x01u
#define OCW3_READ     0x02u
#define OCW3_POLL     0x04u
#define OCW3_MASK     0x20u
#define OCW3_SET_MASK 0x40u

#define PINS     8u
#define CASCADE  2u /* the pin of the first at which the second is */
#define SPURIOUS 7u
#define NO_PIN   PINS
#define POLL_HIT 0x80u

#define TRIGGER_VALID_0 0xf8u /* timer, keyboard and cascade are edges */
#define TRIGGER_VALID_1 0xdeu /* so are clock and coprocessor */

#define AUTO_CHECK_NS 1000000u

struct pic {
	u8 request, mask, service, trigger;
	u8 step; /* of the initialisation: the next ICW, 2 to 4; 0: it is done */
	u8 icw1, base, icw4;
	u8 reads_isr, special_mask, poll;
	u8 lowest; /* the pin of the lowest priority */
	u8 rotates;
};

struct i8259_state {
	struct pic pics[2];
	u8 offered; /* the core has a request */
	u8 offered_pin[2];
};

_Static_assert(sizeof(struct i8259_state) <= DEVICE_STATE, "device.h");

static struct device *controllers; /* NULL: the guest has none */
static u32 lines;                  /* levels of the inputs 0 to 15 */

/* --- One controller --------------------------------------------------------------------------- */

static u32 pin_at(const struct pic *pic, u32 priority)
{
	return (pic->lowest + 1u + priority) % PINS;
}

/* The first pin of @pins by priority, or NO_PIN. */
static u32 first_pin(const struct pic *pic, u32 pins)
{
	for (u32 i = 0; i < PINS; i++)
		if ((pins & BIT(pin_at(pic, i))) != 0)
			return pin_at(pic, i);
	return NO_PIN;
}

static u32 priority_of(const struct pic *pic, u32 pin)
{
	return pin == NO_PIN ? PINS : (pin + 2 * PINS - 1 - pic->lowest) % PINS;
}

/* The pin whose interrupt the controller requests, or NO_PIN. */
static u32 requested(const struct pic *pic, bool first)
{
	u32 service = pic->service, pin = first_pin(pic, pic->request & ~(u32)pic->mask);

	if (pic->step != 0 || pic->icw1 == 0)
		return NO_PIN;
	if (pic->special_mask != 0)
		service &= ~(u32)pic->mask;
	/* The second controller may interrupt its own handlers. */
	if (first && (pic->icw4 & ICW4_NEST) != 0)
		service &= ~(u32)BIT(CASCADE);
	return priority_of(pic, pin) < priority_of(pic, first_pin(pic, service)) ? pin : NO_PIN;
}

static void acknowledge(struct pic *pic, u32 pin)
{
	if (pin >= PINS)
		return;
	if ((pic->trigger & BIT(pin)) == 0)
		pic->request &= (u8)~BIT(pin);
	if ((pic->icw4 & ICW4_AUTO) == 0)
		pic->service |= (u8)BIT(pin);
	else if (pic->rotates != 0)
		pic->lowest = (u8)pin;
}

/* OCW2: rotation, and ends of interrupts. */
static void write_end(struct pic *pic, u32 value)
{
	u32 pin = value & OCW2_LEVEL;

	if ((value & OCW2_SPECIFIC) == 0)
		pin = first_pin(pic, pic->service);
	switch (value >> 5) {
	case 0: pic->rotates = 0; break;
	case 4: pic->rotates = 1; break;
	case 6: pic->lowest = (u8)pin; break;
	case 1:
	case 3:
	case 5:
	case 7:
		if (pin == NO_PIN)
			break;
		pic->service &= (u8)~BIT(pin);
		if (value >> 5 >= 5)
			pic->lowest = (u8)pin;
		break;
	default: break;
	}
}

static void write_command(struct pic *pic, u8 value)
{
	if ((value & INIT) != 0) {
		*pic = (struct pic){
			.trigger = pic->trigger, .icw1 = value, .step = 2, .lowest = PINS - 1
		};
	} else if ((value & OCW3) == 0) {
		write_end(pic, value);
	} else {
		if ((value & OCW3_READ) != 0)
			pic->reads_isr = value & OCW3_ISR;
		if ((value & OCW3_SET_MASK) != 0)
			pic->special_mask = value & OCW3_MASK;
		pic->poll = value & OCW3_POLL;
	}
}

static void write_data(struct pic *pic, u8 value)
{
	switch (pic->step) {
	case 2:
		pic->base = value & 0xf8;
		pic->step = (pic->icw1 & INIT_ALONE) == 0  ? 3
			    : (pic->icw1 & INIT_ICW4) != 0 ? 4
							   : 0;
		break;
	case 3: pic->step = (pic->icw1 & INIT_ICW4) != 0 ? 4 : 0; break;
	case 4:
		pic->icw4 = value;
		pic->step = 0;
		break;
	default: pic->mask = value; break;
	}
}

/* --- Both, and the processor ------------------------------------------------------------------ */

/* Level-triggered pins follow their lines; the second's request is the first's input. */
static void sample(struct i8259_state *s)
{
	bool asks;

	for (u32 i = 0; i < 2; i++) {
		struct pic *pic = &s->pics[i];

		pic->request =
			(u8)((pic->request & ~pic->trigger) | (lines >> i * PINS & pic->trigger));
	}
	asks = requested(&s->pics[1], false) != NO_PIN;
	s->pics[0].request = (u8)((s->pics[0].request & ~BIT(CASCADE)) | (asks ? BIT(CASCADE) : 0));
}

/* Before a change: take the request back, or learn that the processor has taken it. */
static void withdraw(struct i8259_state *s)
{
	if (s->offered == 0)
		return;
	s->offered = 0;
	if (sys_virq_request(VIRQ_NONE) != VIRQ_NONE)
		return;
	acknowledge(&s->pics[0], s->offered_pin[0]);
	if (s->offered_pin[0] == CASCADE)
		acknowledge(&s->pics[1], s->offered_pin[1]);
}

/* After a change. */
static void offer(struct i8259_state *s)
{
	u32 pin, vector;

	sample(s);
	pin = requested(&s->pics[0], true);
	if (pin == NO_PIN)
		return;
	s->offered_pin[0] = (u8)pin;
	s->offered_pin[1] = (u8)requested(&s->pics[1], false);
	vector = s->pics[0].base + pin;
	if (pin == CASCADE)
		vector = s->pics[1].base + s->offered_pin[1] % PINS;
	/* In this order, a restart in between repeats the request and loses none. */
	(void)sys_virq_request(vector);
	s->offered = 1;
}

bool i8259_input(const struct device *device, bool level)
{
	struct i8259_state *s;
	struct pic *pic;
	bool rises, lost;
	u64 gsi;

	if (controllers == NULL || controllers->state == NULL || device->interrupt >= GRANTS_MAX)
		return false;
	gsi = device->info->grants[device->interrupt].address;
	if (gsi == ACPI_TIMER_GSI)
		gsi = 0; /* the I/O APIC has the timer there */
	else if (gsi == 0 || gsi >= 2u * PINS)
		return false;
	rises = level && (lines & BIT(gsi)) == 0;
	lines = (u32)((lines & ~BIT(gsi)) | (level ? BIT(gsi) : 0));
	s = controllers->state;
	pic = &s->pics[gsi / PINS];
	if (!rises && (pic->trigger & BIT(gsi % PINS)) == 0)
		return false; /* the end of an edge changes nothing */
	withdraw(s);
	lost = rises && pic->icw1 != 0 && (pic->request & ~pic->mask & BIT(gsi % PINS)) != 0;
	if (rises)
		pic->request |= (u8)BIT(gsi % PINS);
	offer(s);
	return lost;
}

/* The answer to a poll is an acknowledge cycle. */
static u64 answer_poll(struct i8259_state *s, struct pic *pic)
{
	u32 pin = requested(pic, pic == &s->pics[0]);

	pic->poll = 0;
	if (pin == NO_PIN)
		return SPURIOUS;
	acknowledge(pic, pin);
	return POLL_HIT | pin;
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

static u64 read_register(struct i8259_state *s, struct pic *pic, u32 reg)
{
	if (reg == 2)
		return pic->trigger;
	if (pic->poll != 0)
		return answer_poll(s, pic);
	if (reg == 1)
		return pic->mask;
	return pic->reads_isr != 0 ? pic->service : pic->request;
}

static u64 pic_read(struct device *device, u64 offset, u64 number, u64 where)
{
	struct i8259_state *s = device->state;
	u64 value;
	u32 reg;
	struct pic *pic = find(s, device->base + offset, &reg);

	(void)number;
	(void)where;
	if (pic == NULL)
		return UINT64_MAX;
	withdraw(s);
	value = read_register(s, pic, reg);
	offer(s);
	return value;
}

static bool pic_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct i8259_state *s = device->state;
	u32 reg;
	struct pic *pic = find(s, device->base + offset, &reg);

	(void)number;
	(void)where;
	if (pic == NULL)
		return false;
	withdraw(s);
	if (reg == 0)
		write_command(pic, (u8)value);
	else if (reg == 1)
		write_data(pic, (u8)value);
	else
		pic->trigger = (u8)value & (pic == s->pics ? TRIGGER_VALID_0 : TRIGGER_VALID_1);
	offer(s);
	return true;
}

static void pic_init(struct device *device, const struct grant_info *region)
{
	(void)region;
	controllers = device;
}

static void pic_reset(struct device *device)
{
	struct i8259_state *s = device->state;

	memset(s, 0, sizeof(*s));
	lines = 0;
	(void)sys_virq_request(VIRQ_NONE);
}

/* A preserved state may hold anything. */
static void pic_resume(struct device *device)
{
	struct i8259_state *s = device->state;

	for (u32 i = 0; i < 2; i++)
		s->pics[i].lowest %= PINS;
	withdraw(s);
	offer(s);
}

/* With automatic ends of interrupts the guest does not access a register when it has taken a
 * request: look for that. */
static ns_t pic_timer(struct device *device)
{
	struct i8259_state *s = device->state;

	if ((s->pics[0].icw4 & ICW4_AUTO) == 0)
		return NS(UINT64_MAX);
	withdraw(s);
	offer(s);
	return NS(sys_time(NULL).v + AUTO_CHECK_NS);
}

const struct device_model i8259_model = {
	.name = "i8259",
	.size = sizeof(struct i8259_state),
	.joined = true,
	.init = pic_init,
	.reset = pic_reset,
	.resume = pic_resume,
	.read = pic_read,
	.write = pic_write,
	.timer = pic_timer,
};
