/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of x86-64 that checks the devices of its vmm, through ports of all widths. Interrupts of
 * the 8259 pair come by LINT0 and by pin 0 of the IOAPIC. Each check is a line in the core's log.
 */
#include "tests/guests/flat/flat.h"

#define IOAPIC     ((volatile u32 *)0xfec00000u)
#define NOTHING    ((volatile u32 *)0xd0000000u) /* neither memory nor a device */
#define REGISTERS  0xd0001000u                   /* of virtio */
#define MAGIC      (registers)
#define STATUS     (registers + 0x70 / 4)
#define UNMAPPED   0xa0000000u
#define LVT_LINT0  X2(0x35)
#define LVT_EXTINT 0x700u
#define LVT_MASKED 0x10000u

#define VECTOR_PIC   0x20u
#define VECTOR_TIMER VECTOR_PIC
#define VECTOR_CLOCK (VECTOR_PIC + 8)
#define PERIOD       1193u /* of the timer: a millisecond */
#define PM_TIMER     0x608u
#define PM_KHZ       3580u
#define MISSED       0x2000u /* period of the timer, 7 ms; three times as long in the PM timer */
#define VECTOR_PIN   0x60u

/* On the bare machine the CPU executes the same instructions on memory. */
static volatile u32 memory[0x80 / 4] = { 0x74726976, 2, 3 };
static volatile u32 *registers;
static bool ends_itself; /* the 8259s need no end of interrupt */
static u32 clock_delay;  /* of the clock's handler, before its first exit; of the counter */
static u32 clock_without_flag;

static void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void second_main(void)
{
}

/* The handlers of the 8259s. The clock's flag lowers its line. */
void interrupted(struct frame *frame)
{
	u32 pin = frame->vector - VECTOR_PIC;

	if (frame->vector == VECTOR_PIN)
		wrmsr(X2(0x0b), 0);
	if (pin >= 16)
		return;
	if (frame->vector == VECTOR_CLOCK) {
		for (u64 end = rdtsc() + clock_delay; rdtsc() < end;)
			;
		outb(0x70, 0x0c);
		clock_without_flag += (inb(0x71) & 0x40) == 0;
	}
	if (ends_itself)
		return;
	if (pin >= 8)
		outb(0xa0, 0x20);
	outb(0x20, 0x20);
}

/* Interrupts for at least @ms of the PM timer. */
static void pass(u32 ms)
{
	u32 start = inl(PM_TIMER);

	__asm__ volatile("sti" : : : "memory");
	while (inl(PM_TIMER) - start < ms * PM_KHZ)
		;
	__asm__ volatile("cli" : : : "memory");
}

/* Sleep until @count interrupts of @vector have come; within ten seconds or so. */
static bool sleep_for(u32 vector, u32 count)
{
	u32 first = hits[vector], start = inl(PM_TIMER);

	while (hits[vector] - first < count && inl(PM_TIMER) - start < 10000 * PM_KHZ)
		if (is_bare()) /* an interrupt may never come */
			__asm__ volatile("sti; nop; cli" : : : "memory");
		else
			__asm__ volatile("sti; hlt; cli" : : : "memory");
	return hits[vector] - first >= count;
}

static bool is_quiet(u32 vector)
{
	u32 before;

	pass(1); /* one may be on its way */
	before = hits[vector];
	pass(10);
	return hits[vector] == before;
}

/* Memory that is not there reads as ones. */
static void check_memory(void)
{
	u32 zero, sign, words, flags, to = 0;

	__asm__ volatile("movzbl (%1), %0" : "=r"(zero) : "r"(NOTHING));
	__asm__ volatile("movsbl (%1), %0" : "=r"(sign) : "r"(NOTHING));
	__asm__ volatile("movzwl (%1), %0" : "=r"(words) : "r"(NOTHING));
	check(zero == 0xff && sign == UINT32_MAX && words == 0xffff, "MOVZX and MOVSX");
	__asm__ volatile("movb $1, (%0); movw $2, (%0); movl $3, (%0)" : : "r"(NOTHING) : "memory");
	__asm__ volatile("movl %1, %0" : "=a"(words) : "m"(*NOTHING));
	check(words == UINT32_MAX, "MOV of immediates");
	__asm__ volatile("orl $1, (%2); cmpl $-1, (%2); pushf; popl %0; xchgl %1, (%2)"
			 : "=&r"(flags), "+r"(to)
			 : "r"(NOTHING)
			 : "memory");
	check((flags & 0x40) != 0 && to == UINT32_MAX, "OR, CMP and XCHG");
	check(FAULTS(13, "mull (%1)", "r"(NOTHING)
		     : "eax", "edx") &&
		      FAULTS(13, "roll (%1)", "r"(NOTHING)) &&
		      FAULTS(13, "call *(%1)", "r"(NOTHING)),
	      "other instructions get #GP");
}

/* The status has bits that read as written. */
static void check_changes(void)
{
	u32 a = 0x80, b = 1, c = 0x81;
	u8 carry, equal;

	*STATUS = 0;
	__asm__ volatile("orl $1, %0" : "+m"(*STATUS));
	__asm__ volatile("lock btsl $1, %0; setc %1" : "+m"(*STATUS), "=q"(carry));
	check(*STATUS == 3 && carry == 0, "OR and BTS of a register");
	__asm__ volatile("lock xaddl %1, %0" : "+m"(*STATUS), "+r"(a));
	check(*STATUS == 0x83 && a == 3, "XADD");
	__asm__ volatile("andl $0x81, %0" : "+m"(*STATUS));
	__asm__ volatile("lock cmpxchgl %3, %0; setz %1"
			 : "+m"(*STATUS), "=q"(equal), "+a"(c)
			 : "r"(2));
	check(*STATUS == 2 && equal == 1, "AND and CMPXCHG");
	__asm__ volatile("xchgl %1, %0" : "+m"(*STATUS), "+r"(b));
	check(*STATUS == 1 && b == 2, "XCHG");
	__asm__ volatile("incl %0; addl $0x81, %0; xorl $2, %0; decl %0" : "+m"(*STATUS));
	check(*STATUS == 0x80, "INC, ADD, XOR and DEC");
	__asm__ volatile("cmpl $0x74726976, %1; setz %0" : "=q"(equal) : "m"(*MAGIC));
	__asm__ volatile("testl $8, %1; setz %0" : "=q"(carry) : "m"(*MAGIC));
	check(equal == 1 && carry == 1, "CMP and TEST");
}

static void check_strings(void)
{
	u32 words[4] = { 0 }, a = 3, count = 2;
	volatile u32 *from = MAGIC;
	u32 *to = words;
	u8 equal;

	__asm__ volatile("pushl %1; popl %0" : "=m"(*STATUS) : "m"(*MAGIC));
	check(*STATUS == (is_bare() ? 0x74726976 : 0x74726976 & 2), "PUSH and POP");
	__asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	check(words[0] == 0x74726976 && words[1] == 2 && words[2] == 0 && to == words + 2 &&
		      count == 0,
	      "REP MOVS");
	from = MAGIC;
	to = words;
	count = 3; /* the third differs */
	__asm__ volatile("repe cmpsl; setz %3" : "+S"(from), "+D"(to), "+c"(count), "=q"(equal));
	check(from == MAGIC + 3 && count == 0 && equal == 0, "REPE CMPS");
	from = STATUS;
	__asm__ volatile("stosl" : "+D"(from) : "a"(a) : "memory");
	check(*STATUS == 3 && from == STATUS + 1, "STOS");
	from = MAGIC;
	__asm__ volatile("lodsl" : "+S"(from), "=a"(a));
	check(a == 0x74726976, "LODS");
}

/* Pages of 4 MiB that map all addresses to themselves, but those of UNMAPPED. */
static void check_paging(void)
{
	static u32 directory[1024] __attribute__((aligned(4096)));
	u32 cr0, cr2;

	for (u32 i = 0; i < 1024; i++)
		directory[i] = i << 22 | 0x83;
	directory[UNMAPPED >> 22] = 0;
	__asm__ volatile("mov %%cr4, %%eax; or $0x10, %%eax; mov %%eax, %%cr4; mov %0, %%cr3"
			 :
			 : "r"(directory)
			 : "eax");
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | 0x80010000));
	check_changes();
	check_strings();
	check(FAULTS(14, "movsl", "S"(MAGIC), "D"(UNMAPPED + 4)),
	      "MOVS to a page that is not there");
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	check(cr2 == UNMAPPED + 4, "CR2");
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
}

static void check_pci(void)
{
	outl(0xcf8, 0x80000008);
	check(inl(0xcfc) == 0x06000000 && inw(0xcfe) == 0x0600 && inb(0xcff) == 6, "host bridge");
	outl(0xcf8, 0x80000800);
	check(inl(0xcfc) == UINT32_MAX && inb(0xcfd) == 0xff, "no other function");
	outl(0xcf8, 0x80000600); /* a write of 0xcf9 by its address, and no reset */
	outb(0xcf8, 8);
	outw(0xcfa, 0);
	check(inl(0xcf8) == 0x80000600 && inb(0xcf8) == 0xff, "CONFIG_ADDRESS is a double word");
	check(inl(0xcfe) == UINT32_MAX, "beyond the ports");
}

/* As firmware reads it: INS from the data port. */
static void check_firmware(void)
{
	u8 item[24] = { 0 };
	u8 *to = item;
	u32 count = sizeof(item);

	outw(0x510, 0);
	check(inb(0x511) == 'Q' && inb(0x511) == 'E', "fw_cfg's signature");
	outw(0x510, 0x20);
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(0x511) : "memory");
	check(item[11] == 1 && item[8] + item[9] + item[10] + item[16] == 1 && item[20] == 0,
	      "fw_cfg's map of memory");
}

/* The vmm serves the second on the vCPU's thread, with a register of its own. */
static void check_register(void)
{
	wrmsr(MSR_TSC_AUX, 0x12345);
	(void)inb(0x71);
	(void)inb(0x71);
	check(rdmsr(MSR_TSC_AUX) == 0x12345, "TSC_AUX behind a port of the vmm");
}

static void check_ports(void)
{
	u32 start;

	check(inb(0xe9) == 0xe9, "debug port");
	outb(0x64, 0xaa);
	check((inb(0x64) & 1) == 1 && inb(0x60) == 0x55, "8042");
	outb(0x21, 0xfb);
	check(inb(0x21) == 0xfb, "8259");
	outb(0x70, 0x0d);
	check(inb(0x71) == 0x80, "clock");
	check_register();
	/* Channel 2 of the timer against the PM timer: 10 ms. */
	outb(0x61, 1);
	outb(0x43, 0xb0);
	outb(0x42, 11932 & 0xff);
	start = inl(PM_TIMER);
	outb(0x42, 11932 >> 8);
	while ((inb(0x61) & 0x20) == 0)
		;
	check(inl(PM_TIMER) - start >= 10 * PM_KHZ - PM_KHZ / 100, "timer and PM timer");
}

static void set_up_pics(u8 icw4)
{
	static const u16 ports[2] = { 0x20, 0xa0 };

	ends_itself = (icw4 & 2) != 0;
	for (u32 i = 0; i < 2; i++) {
		outb(ports[i], 0x11);
		outb(ports[i] + 1, (u8)(VECTOR_PIC + 8 * i));
		outb(ports[i] + 1, i == 0 ? 4 : 2);
		outb(ports[i] + 1, icw4);
		outb(ports[i] + 1, i == 0 ? 0xfa : 0xff); /* timer and cascade */
	}
}

static void start_timer(void)
{
	outb(0x43, 0x34);
	outb(0x40, PERIOD & 0xff);
	outb(0x40, PERIOD >> 8);
}

static void ioapic_write(u32 reg, u32 value)
{
	IOAPIC[0] = reg;
	IOAPIC[4] = value;
}

static void check_8259(void)
{
	u32 start;

	check((u32)rdmsr(LVT_LINT0) == LVT_EXTINT, "LINT0 is a virtual wire");
	set_up_pics(1);
	start_timer();
	start = inl(PM_TIMER);
	check(sleep_for(VECTOR_TIMER, 50), "ticks by LINT0");
	check(inl(PM_TIMER) - start >= 48 * PM_KHZ, "not faster than the timer");
	wrmsr(X2(8), 0xf0);
	check(sleep_for(VECTOR_TIMER, 3), "the task priority is the LAPIC's");
	wrmsr(X2(8), 0);
	outb(0x21, 0xff);
	check(is_quiet(VECTOR_TIMER), "masked in the 8259");
	outb(0x21, 0xfa);
	wrmsr(LVT_LINT0, LVT_MASKED | LVT_EXTINT);
	check(is_quiet(VECTOR_TIMER), "masked in the LAPIC");
	ioapic_write(0x11, 0);
	ioapic_write(0x10, LVT_EXTINT);
	check(!is_bare() && sleep_for(VECTOR_TIMER, 20), "ticks by the IOAPIC");
	ioapic_write(0x10, LVT_MASKED);
	wrmsr(LVT_LINT0, LVT_EXTINT);
	check(sleep_for(VECTOR_TIMER, 3), "ticks by LINT0 again");
	set_up_pics(3);
	check(sleep_for(VECTOR_TIMER, 20), "ticks that end themselves");
	set_up_pics(1);
	outb(0xa1, 0xfe);
	/* 64 Hz: an emulator may not be able to serve 1024 Hz beside the timer, and then the
	 * handlers take all of the guest's time. */
	outb(0x70, 0x0a);
	outb(0x71, 0x2a);
	outb(0x70, 0x0b);
	outb(0x71, 0x42);
	check(sleep_for(VECTOR_CLOCK, 20), "the clock by the cascade");
	check(sleep_for(VECTOR_TIMER, 3), "and the timer beside it");
	/* The timer's request replaces that of the clock, which the guest has taken already. */
	clock_delay = 5000000;
	clock_without_flag = 0;
	check(sleep_for(VECTOR_CLOCK, 10) && clock_without_flag == 0, "no tick of it comes twice");
	clock_delay = 0;
}

/* Interrupts are disabled for five ticks. Returns true if those come later. */
static bool missed_ticks_come(u32 vector)
{
	u32 first = hits[vector], start = inl(PM_TIMER), due;

	outb(0x43, 0x34);
	outb(0x40, MISSED & 0xff);
	outb(0x40, MISSED >> 8);
	while (inl(PM_TIMER) - start < 5 * (3 * MISSED))
		;
	for (u32 i = 0; i < 400; i++) {
		if (!sleep_for(vector, 1))
			return false;
		due = (inl(PM_TIMER) - start) / (3 * MISSED);
		if (hits[vector] - first + 1 >= due)
			return hits[vector] - first <= due;
	}
	return false;
}

static void check_missed_ticks(void)
{
	set_up_pics(1);
	check(!is_bare() && missed_ticks_come(VECTOR_TIMER), "missed ticks come later, by LINT0");
	outb(0x21, 0xff);
	ioapic_write(0x15, 0);
	ioapic_write(0x14, VECTOR_PIN);
	check(!is_bare() && missed_ticks_come(VECTOR_PIN),
	      "missed ticks come later, by the IOAPIC");
	ioapic_write(0x14, LVT_MASKED);
}

void guest_main(void)
{
	set_up();
	registers = is_bare() ? memory : (volatile u32 *)REGISTERS;
	check_ports();
	check_firmware();
	check_memory();
	check_changes();
	check_strings();
	check_paging();
	check_pci();
	check_8259();
	check_missed_ticks();
	check_end();
}
