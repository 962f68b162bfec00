/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark guest of x86-64 measures the cost of operations, hypervisor and guest together.
 *
 * It runs where one instruction is one nanosecond and one tick of the time-stamp counter (QEMU's
 * -icount shift=0). A row is the least of ROUNDS, or an average where that is the figure of
 * interest, and is printed as "bench: NAME INSTRUCTIONS". On the bare machine the program prints
 * the counter at its first instruction alone: it begins there where the core does.
 */
#include "bench.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ROUNDS      200
#define RESETS      4
#define UART_RUN    2000
#define UART_POLLED 512 /* the rings on the way to the machine's line have room for both */
#define SECOND_PAGE 0x8000u
#define PERSIST     0x800000u /* RAM that no image covers */
#define MAGIC       0x68636e6562ull

#define CALL_LOG      0x4d554c01u /* exit.c */
#define LEAF_OF_KVM   0x40000000u
#define NAME_OF_KVM   0x4b4d564bu
#define NAME_OF_INTEL 0x756e6547u
#define MSR_APIC_BASE 0x1bu
#define MSR_DEADLINE  0x6e0u
#define MSR_TPR       0x808u
#define MSR_SVR       0x80fu
#define MSR_LVT_TIMER 0x832u
#define MSR_VERSION   0x803u
#define LVT_DEADLINE  (2u << 17)
#define ICR_SELF      (1u << 18)
#define ICR_INIT      0x4500u
#define ICR_SIPI      0x4600u

#define COM1         0x3f8u
#define COM1_SCRATCH (COM1 + 7)
#define COM1_STATUS  (COM1 + 5)
#define VIRTIO       ((volatile u32 *)0xd0000000u)
#define VIRTIO_MAGIC 0x74726976u
#define BARE_PM1     0x604u /* of QEMU's q35 */
#define BARE_OFF     0x2000u

/* Kept over a reset. */
struct persist {
	u64 magic, boots, before, total;
};

struct gate {
	u16 low, selector, flags, middle;
	u32 high, zero;
};

extern const u8 second[], second_end[], exceptions[];
extern u64 started, second_started;
extern u32 start_info;
void bench_interrupt(void);
void pong_interrupt(void);
void bench_exception(const u64 *stack);
void bench_main(void);
void second_main(void);

volatile u32 taken;
volatile u64 taken_at;
static volatile bool second_ready;
static struct gate idt[256];
static u64 base; /* of two reads of the counter */
static bool is_guest, is_intel;

static inline u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void cpuid(u32 leaf, u32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(0));
}

static inline u8 in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void vmcall(void)
{
	u64 rax = 0;

	__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

static inline void vmmcall(void)
{
	u64 rax = 0;

	__asm__ volatile("vmmcall" : "+a"(rax) : : "memory");
}

/* --- Text ------------------------------------------------------------------------------------- */

struct text {
	char bytes[64]; /* a call takes so many */
	u32 length;
};

static void add_text(struct text *text, const char *from)
{
	while (*from != '\0')
		text->bytes[text->length++] = *from++;
}

static void add_number(struct text *text, u64 value)
{
	char digits[24] = { 0 };
	u32 at = sizeof(digits) - 1;

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	add_text(text, digits + at);
}

static void print(const struct text *text)
{
	const u64 *words = (const u64 *)(const void *)text->bytes;
	register u64 r8 __asm__("r8") = words[4];
	register u64 r9 __asm__("r9") = words[5];
	register u64 r10 __asm__("r10") = words[6];
	register u64 r11 __asm__("r11") = words[7];
	u64 result;

	if (is_guest) {
		__asm__ volatile("test %b[intel], %b[intel]\n\t"
				 "jz 1f\n\t"
				 "vmcall\n\t"
				 "jmp 2f\n"
				 "1: vmmcall\n"
				 "2:"
				 : "=a"(result)
				 : "a"((u64)CALL_LOG), "b"((u64)text->length), "c"(words[0]),
				   "d"(words[1]), "S"(words[2]), "D"(words[3]), "r"(r8), "r"(r9),
				   "r"(r10), "r"(r11), [intel] "r"(is_intel)
				 : "memory");
		return;
	}
	for (u32 i = 0; i < text->length; i++)
		out8(COM1, (u8)text->bytes[i]);
}

/* In tenths, as @ticks of @rounds. */
static void row(const char *name, u64 ticks, u64 rounds)
{
	struct text text = { .length = 0 };
	u64 tenths = (ticks * 10 + rounds / 2) / rounds;

	add_text(&text, "bench: ");
	add_text(&text, name);
	add_text(&text, " ");
	add_number(&text, tenths / 10);
	add_text(&text, ".");
	add_number(&text, tenths % 10);
	add_text(&text, "\n");
	print(&text);
}

void bench_exception(const u64 *stack)
{
	struct text text = { .length = 0 };

	add_text(&text, "bench: exception ");
	add_number(&text, stack[0]);
	add_text(&text, " near ");
	add_number(&text, stack[1] > 0x1000 ? stack[1] : stack[2]);
	add_text(&text, "\n");
	print(&text);
}

/* --- Rows ------------------------------------------------------------------------------------- */

#define LEAST(name, statement)                                      \
	do {                                                        \
		u64 least_ = UINT64_MAX;                            \
		for (u32 i_ = 0; i_ < ROUNDS; i_++) {               \
			u64 from_ = rdtsc(), ticks_;                \
			statement;                                  \
			ticks_ = rdtsc() - from_ - base;            \
			least_ = ticks_ < least_ ? ticks_ : least_; \
		}                                                   \
		row(name, least_, 1);                               \
	} while (0)

static void self_ipi(void)
{
	u32 before = taken;

	wrmsr(MSR_ICR, ICR_SELF | VECTOR_IPI);
	while (taken == before)
		;
}

/* From the deadline, in @ticks, to the handler. */
static u64 timer_once(u64 ticks, bool sleep)
{
	u64 when = rdtsc() + ticks;
	u32 before = taken;

	__asm__ volatile("cli" : : : "memory");
	wrmsr(MSR_DEADLINE, when);
	if (sleep)
		__asm__ volatile("sti; hlt" : : : "memory");
	else
		__asm__ volatile("sti" : : : "memory");
	while (taken == before)
		;
	return taken_at - when;
}

/* The phase to the machine's timer varies. */
static void timer(const char *name, bool sleep)
{
	u64 sum = 0;

	wrmsr(MSR_LVT_TIMER, LVT_DEADLINE | VECTOR_IPI);
	for (u32 i = 0; i < ROUNDS; i++)
		sum += timer_once(20000 + i % 7, sleep);
	row(name, sum, ROUNDS);
}

static void exits(void)
{
	u32 r[4];

	if (is_intel)
		LEAST("hypercall", vmcall());
	else
		LEAST("hypercall", vmmcall());
	LEAST("cpuid", cpuid(0, r));
	LEAST("rdmsr", (void)rdmsr(MSR_APIC_BASE));
	LEAST("x2apic-read", (void)rdmsr(MSR_VERSION));
	LEAST("x2apic-write", wrmsr(MSR_TPR, 0));
	LEAST("no-port", (void)in8(0x1234));
	LEAST("self-ipi", self_ipi());
	timer("timer", false);
	timer("timer-hlt", true);
}

static void devices(void)
{
	u64 from;

	LEAST("port", (void)in8(COM1_SCRATCH));
	if (*VIRTIO == VIRTIO_MAGIC)
		LEAST("mmio", (void)*VIRTIO);
	from = rdtsc();
	for (u32 i = 0; i < UART_POLLED; i++) {
		while ((in8(COM1_STATUS) & 0x20) == 0)
			;
		out8(COM1, '.');
	}
	row("uart-polled", rdtsc() - from, UART_POLLED);
	from = rdtsc();
	for (u32 i = 0; i < UART_RUN; i++)
		out8(COM1, '.');
	row("uart", rdtsc() - from, UART_RUN);
}

/* Operations for a profile, as functions: the one that a trace has seen last is the cause of what
 * the core executes. */
#define OP(name, statement)                                     \
	void op_##name(void);                                   \
	__attribute__((noinline, noclone)) void op_##name(void) \
	{                                                       \
		statement;                                      \
	}
OP(hypercall, vmmcall())
OP(cpuid, u32 r[4]; cpuid(0, r))
OP(rdmsr, (void)rdmsr(MSR_APIC_BASE))
OP(x2apic_read, (void)rdmsr(MSR_VERSION))
OP(x2apic_write, wrmsr(MSR_TPR, 0))
OP(no_port, (void)in8(0x1234))
OP(self_ipi, self_ipi())
OP(timer, (void)timer_once(4000, false))
OP(port, (void)in8(COM1_SCRATCH))
OP(mmio, (void)*VIRTIO)
OP(uart, out8(COM1, '.'))

/* Each several times, as a row has it; without end. */
static void profile(void)
{
	static void (*const ops[])(void) = { op_hypercall,   op_cpuid,        op_rdmsr,
					     op_x2apic_read, op_x2apic_write, op_no_port,
					     op_self_ipi,    op_timer,        op_port,
					     op_mmio,        op_uart };

	wrmsr(MSR_LVT_TIMER, LVT_DEADLINE | VECTOR_IPI);
	for (;;)
		for (u32 i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
			for (u32 j = 0; j < 8; j++)
				ops[i]();
}

static bool wants(const char *what)
{
	const char *args = (const char *)*(const u64 *)((u64)start_info + 24);

	while (*what != '\0' && *what == *args)
		what++, args++;
	return *what == *args;
}

/* --- Two vCPUs -------------------------------------------------------------------------------- */

static void load_idt(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
	wrmsr(MSR_SVR, 0x1ff);
}

void second_main(void)
{
	load_idt();
	second_ready = true;
	for (;;)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void ping(void)
{
	u32 before = taken;

	wrmsr(MSR_ICR, (u64)1 << 32 | VECTOR_PONG);
	__asm__ volatile("cli" : : : "memory");
	while (taken == before)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	__asm__ volatile("sti" : : : "memory");
}

OP(ping, ping())

static void two_cpus(void)
{
	u8 *page = (u8 *)(u64)SECOND_PAGE;
	u64 from;

	for (u32 i = 0; second + i < second_end; i++)
		page[i] = second[i];
	wrmsr(MSR_ICR, (u64)1 << 32 | ICR_INIT);
	from = rdtsc();
	wrmsr(MSR_ICR, (u64)1 << 32 | ICR_SIPI | SECOND_PAGE >> 12);
	while (!second_ready)
		__asm__ volatile("pause");
	row("sipi", second_started - from, 1);
	for (u32 i = 0; i < 10; i++)
		ping();
	from = rdtsc();
	for (u32 i = 0; i < ROUNDS; i++)
		ping();
	row("ping-pong", rdtsc() - from, ROUNDS);
	while (wants("two, profile"))
		op_ping();
}

/* --- All -------------------------------------------------------------------------------------- */

static void set_gate(u32 vector, u64 to)
{
	idt[vector] =
		(struct gate){ (u16)to, GDT_CODE64, 0x8e00, (u16)(to >> 16), (u32)(to >> 32), 0 };
}

static void reset(struct persist *p)
{
	struct gate none = { 0 };
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = { 0, (u64)&none };

	p->before = rdtsc();
	__asm__ volatile("lidt %0; int3" : : "m"(pointer));
}

/* True until the guest has been reset so often. */
static bool measure_reset(struct persist *p)
{
	if (p->magic != MAGIC) {
		*p = (struct persist){ .magic = MAGIC };
		return true;
	}
	p->total += started - p->before;
	if (++p->boots != RESETS)
		return true;
	row("reset", p->total, RESETS);
	return false;
}

OP(reset, reset((struct persist *)(u64)PERSIST))

static void rows(void)
{
	struct persist *p = (struct persist *)(u64)PERSIST;

	if (wants("devices")) {
		devices();
	} else if (wants("profile")) {
		row("boot", started, 1);
		profile();
	} else if (wants("resets")) {
		row("boot", started, 1);
		op_reset();
	} else if (wants("boot")) {
		row("boot", started, 1);
	} else if (wants("two") || wants("two, profile")) {
		two_cpus();
	} else if (measure_reset(p)) {
		if (p->boots == 0) {
			row("boot", started, 1);
			exits();
		}
		reset(p);
	}
}

void bench_main(void)
{
	struct text done = { .length = 0 };
	u32 r[4];

	cpuid(0, r);
	is_intel = r[1] == NAME_OF_INTEL;
	cpuid(LEAF_OF_KVM, r);
	is_guest = r[1] == NAME_OF_KVM;
	if (!is_guest) {
		row("boot", started, 1);
		__asm__ volatile("outw %w0, %w1" : : "a"(BARE_OFF), "Nd"(BARE_PM1));
	}
	for (u32 i = 0; i < 32; i++)
		set_gate(i, (u64)(exceptions + 16 * i));
	set_gate(VECTOR_IPI, (u64)bench_interrupt);
	set_gate(VECTOR_PONG, (u64)pong_interrupt);
	load_idt();
	base = UINT64_MAX;
	for (u32 i = 0; i < 10; i++) {
		u64 from = rdtsc(), ticks = rdtsc() - from;

		base = ticks < base ? ticks : base;
	}
	__asm__ volatile("sti" : : : "memory");
	rows();
	add_text(&done, "bench: done\n");
	print(&done);
	for (;;)
		__asm__ volatile("cli; hlt");
}
