/* SPDX-License-Identifier: Apache-2.0 */
/* The flat guests' common part; see flat.h. */
#include "tests/guests/flat/flat.h"

struct gate {
	u16 low, selector, flags, high;
};

static struct gate idt[VECTORS];
volatile u32 hits[VECTORS];
volatile bool expects_fault;
volatile u32 resume;
static u32 number, failures;

#define CALL(instruction)                                                            \
	__asm__ volatile(instruction                                                 \
			 : "=a"(result)                                              \
			 : "a"(CALL_LOG), "b"(length), "c"(words[0]), "d"(words[1]), \
			   "S"(words[2]), "D"(words[3])                              \
			 : "memory")

bool is_intel(void)
{
	u32 r[4];

	cpuid(0, 0, r);
	return r[1] == 0x756e6547; /* "Genu" */
}

bool is_bare(void)
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	return r[1] != 0x4b4d564b; /* "KVMK" */
}

static u8 line_status(void)
{
	u8 status;

	__asm__ volatile("inb %%dx, %%al" : "=a"(status) : "d"(0x3fd));
	return status;
}

/* To the first serial port, by polling. */
static void put_bare(char c)
{
	while ((line_status() & 0x20) == 0)
		;
	__asm__ volatile("outb %%al, %%dx" : : "a"(c), "d"(0x3f8));
}

void log_text(const char *text)
{
	bool intel = is_intel();

	if (is_bare())
		while (*text != '\0')
			put_bare(*text++);
	while (*text != '\0') {
		u32 words[4] = { 0 }, length = 0, result;

		for (; length < 16 && text[length] != '\0'; length++)
			((char *)words)[length] = text[length];
		if (intel)
			CALL("vmcall");
		else
			CALL("vmmcall");
		text += length;
	}
}

void log_number(u32 value)
{
	char digits[12] = { 0 };
	u32 at = 11;

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	log_text(digits + at);
}

void check(bool good, const char *name)
{
	number++;
	failures += !good;
	log_text(good ? "ok " : "not ok ");
	log_number(number);
	log_text(" - ");
	log_text(name);
	log_text("\n");
}

void check_end(void)
{
	log_text("1..");
	log_number(number);
	log_text(failures == 0 ? ", all good\n" : ", failures\n");
}

void interrupt(struct frame *frame)
{
	hits[frame->vector]++;
	interrupted(frame);
	if (frame->vector >= 32)
		wrmsr(X2(0x0b), 0);
	else if (expects_fault)
		frame->eip = resume;
}

void load_idt(void)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (u32)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
	if (is_bare()) /* firmware leaves a local APIC in xAPIC mode */
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	wrmsr(X2(0x0f), 0x1ff);
}

void set_up(void)
{
	for (u32 i = 0; i < VECTORS; i++) {
		u32 to = (u32)stubs + 16 * i;

		idt[i] = (struct gate){ (u16)to, 8, 0x8e00, (u16)(to >> 16) };
	}
	if (is_bare()) /* firmware leaves lines of the 8259s open */
		__asm__ volatile("outb %%al, $0x21; outb %%al, $0xa1" : : "a"((u8)0xff));
	load_idt();
}
