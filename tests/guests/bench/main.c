/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark guest measures the cost of operations, hypervisor and guest together.
 *
 * It runs where one instruction is one nanosecond (QEMU's -icount shift=0), so the counter, which
 * ticks every TICK_INSNS instructions, counts instructions. Each row is an average over many
 * repetitions, printed as "bench: NAME INSTRUCTIONS". On the bare machine the same program gives
 * the figures to subtract.
 */
#include "bench.h"
#include "virtio.h"

#define GICD_TYPER     0x4
#define GICD_ISENABLER 0x100

/* A PL011 that a vmm emulates, in the systems that have one (see tests/system/bench.py). */
#define UART          0x09000000
#define UART_DR       0x00
#define UART_FR       0x18
#define UART_TXFF     BIT(5)
#define UART_PERIPHID 0xfe0

#define ROUNDS       2000
#define RESETS       4
#define UART_RUN     512
#define UART_LINES   32
#define UART_LINE    64
#define HOP_BYTES    8 /* of the first relay's region: how far a call goes */
#define VIRTIO_BYTES 64
#define VIRTIO_PAGES 16
#define SGI          1
#define MAGIC        0x68636e6562ull

/* Kept over a reset, in RAM that no image covers. */
struct persist {
	u64 magic, boots, before, total;
};

extern char bench_vectors[], pong_vectors[], bench_vectors_v2[], pong_vectors_v2[];
void pong_interrupt(void);
void bench_interrupt(u64 time);
void pong_interrupt_v2(void);
void bench_interrupt_v2(u64 time);
void bench_unexpected(void);

static volatile u32 taken;
static volatile u64 taken_at;
static u32 ready;

void bench_interrupt(u64 time)
{
	u64 id = sysreg_read(ICC_IAR1_EL1);

	if (id == machine.arch.timer_virt)
		sysreg_write(CNTV_CTL_EL0, 0);
	sysreg_write(ICC_EOIR1_EL1, id);
	taken_at = time;
	taken++;
}

/* GICv2: the CPU interface is a page, and the sender's number is given back at the end. */
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10
#define GICD_SGIR 0xf00

void bench_interrupt_v2(u64 time)
{
	u32 id = read32(gic.gicc + GICC_IAR);

	if (id == machine.arch.timer_virt)
		sysreg_write(CNTV_CTL_EL0, 0);
	write32(gic.gicc + GICC_EOIR, id);
	taken_at = time;
	taken++;
}

void bench_unexpected(void)
{
	print("# unexpected exception: esr 0x%llx elr 0x%llx\n",
	      (unsigned long long)sysreg_read(ESR_EL1), (unsigned long long)sysreg_read(ELR_EL1));
	power_off();
}

static void row(const char *name, u64 ticks, u64 rounds)
{
	u64 tenths = ticks * TICK_INSNS * 10 / rounds;

	print("bench: %s %llu.%llu\n", name, (unsigned long long)(tenths / 10),
	      (unsigned long long)(tenths % 10));
}

#define MEASURE(name, statement)                       \
	do {                                           \
		u64 from_, rounds_ = ROUNDS;           \
		for (u32 i_ = 0; i_ < 10; i_++) {      \
			statement;                     \
		}                                      \
		from_ = time_now();                    \
		while (rounds_-- != 0) {               \
			statement;                     \
		}                                      \
		row(name, time_now() - from_, ROUNDS); \
	} while (0)

static void version(void)
{
	register u64 x0 __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

static void sgi_self(void)
{
	u32 before = taken;

	sysreg_write(ICC_SGI1R_EL1, (u64)SGI << 24 | 1);
	isb();
	while (taken == before)
		;
}

static void sgi_self_v2(void)
{
	u32 before = taken;

	write32(gic.gicd + GICD_SGIR, 1u << 16 | SGI);
	while (taken == before)
		;
}

/* Sent again and again while interrupts are masked: it is pending already. */
static void sgis_masked(void)
{
	irq_disable();
	if (gic.version == 3)
		MEASURE("sgi-masked", sysreg_write(ICC_SGI1R_EL1, (u64)SGI << 24 | 1));
	else
		MEASURE("sgi-masked", write32(gic.gicd + GICD_SGIR, 1u << 16 | SGI));
	irq_enable();
}

/* From the compare value to the handler's first instructions; the phase to the counter varies. */
static void timer(const char *name, bool sleep)
{
	u64 sum = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 when = time_now() + 100 + i % 7;
		u32 before = taken;

		irq_disable();
		sysreg_write(CNTV_CVAL_EL0, when);
		sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
		isb();
		if (sleep)
			wfi();
		irq_enable();
		while (taken == before)
			;
		sum += taken_at - when;
	}
	row(name, sum, ROUNDS);
}

/* On CPU 1: answer. */
void pong_interrupt(void)
{
	u64 id = sysreg_read(ICC_IAR1_EL1);

	sysreg_write(ICC_SGI1R_EL1, (u64)SGI << 24 | 1);
	sysreg_write(ICC_EOIR1_EL1, id);
}

void pong_interrupt_v2(void)
{
	u32 id = read32(gic.gicc + GICC_IAR);

	write32(gic.gicd + GICD_SGIR, 1u << 16 | SGI);
	write32(gic.gicc + GICC_EOIR, id);
}

static void pong(void)
{
	sysreg_write(VBAR_EL1, gic.version == 3 ? pong_vectors : pong_vectors_v2);
	isb();
	gic_enable(SGI);
	irq_enable();
	STORE(ready, 1);
	for (;;)
		wfi();
}

/* WFI with interrupts masked: none is lost between the look and the sleep. */
static inline void wait_for(u32 before)
{
	while (taken == before) {
		irq_disable();
		if (taken == before)
			wfi();
		irq_enable();
	}
}

static void ping(void)
{
	u32 before = taken;

	sysreg_write(ICC_SGI1R_EL1, (u64)SGI << 24 | 2);
	isb();
	wait_for(before);
}

static void ping_v2(void)
{
	u32 before = taken;

	write32(gic.gicd + GICD_SGIR, 1u << 17 | SGI);
	wait_for(before);
}

static void two_cpus(void)
{
	u64 from = time_now();

	if (cpu_on(1, pong) != PSCI_SUCCESS)
		return;
	while (LOAD(ready) == 0)
		yield();
	row("cpu-on", cpu_starts[1].record.time - from, 1);
	if (gic.version == 3)
		MEASURE("ping-pong", ping());
	else
		MEASURE("ping-pong", ping_v2());
}

/* SYSTEM_RESET to the first instruction of the next run; the counter is not reset. */
static void reset(struct persist *p)
{
	if (p->magic != MAGIC)
		memset(p, 0, sizeof(*p));
	else
		p->total += boot_record.time - p->before;
	if (p->magic == MAGIC && ++p->boots == RESETS) {
		p->magic = 0;
		row("reset", p->total, RESETS);
		power_off();
	}
	p->magic = MAGIC;
	dsb();
	p->before = time_now();
	(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

/* As drivers send: after a read of the status. */
static void polled(u8 c)
{
	while ((read32(UART + UART_FR) & UART_TXFF) != 0)
		;
	write32(UART + UART_DR, c);
}

static void uart_run(void)
{
	u64 from = time_now();

	for (u32 i = 0; i < UART_RUN; i++)
		polled('.');
	row("uart-polled", time_now() - from, UART_RUN);
}

/* Lines as they are on a screen. */
static void uart_lines(void)
{
	u64 from = time_now();

	for (u32 i = 0; i < UART_LINES * UART_LINE; i++)
		write32(UART + UART_DR, i % UART_LINE == UART_LINE - 1 ? '\n' : '.');
	row("uart-lines", time_now() - from, UART_LINES * UART_LINE);
}

/* Characters in one run, and in lines; the empty answer is a read of an identity register, for
 * which the vmm does next to nothing. */
static void uart(void)
{
	MEASURE("component", (void)read32(UART + UART_PERIPHID));
	MEASURE("uart", write32(UART + UART_DR, '.'));
	uart_run();
	uart_lines();
}

/* @rounds chains of @bytes each, from the offer until the device returns them. The guest polls for
 * that, or gets an interrupt (@acknowledge) without its handler. */
static u64 virtio_chains(u64 base, const u8 *from, u32 bytes, u32 rounds, bool acknowledge)
{
	u64 begin = time_now();

	STORE(virtio_rings[VIRTIO_TRANSMIT].avail.flags, acknowledge ? 0 : VIRTIO_NO_INTERRUPT);
	virtio_put(VIRTIO_TRANSMIT, 0, (u64)from, bytes, 0, 0);
	for (u32 i = 0; i < rounds; i++) {
		u16 before = virtio_used(VIRTIO_TRANSMIT);

		virtio_offer(base, VIRTIO_TRANSMIT, 0);
		while (virtio_used(VIRTIO_TRANSMIT) == before)
			;
		if (acknowledge)
			write32(base + VIRTIO_INTERRUPT_ACK, read32(base + VIRTIO_INTERRUPTS));
	}
	return time_now() - begin;
}

static void virtio(void)
{
	static u8 page[4096];
	u64 base = virtio_find();

	if (base == 0 || !virtio_begin(base)) {
		print("# no virtio console\n");
		return;
	}
	for (u32 i = 0; i < sizeof(page); i++)
		page[i] = i % UART_LINE == UART_LINE - 1 ? '\n' : '.';
	(void)virtio_chains(base, page, 1, VIRTIO_BYTES, false);
	row("virtio-byte", virtio_chains(base, page, 1, VIRTIO_BYTES, false), VIRTIO_BYTES);
	row("virtio-irq", virtio_chains(base, page, 1, VIRTIO_BYTES, true), VIRTIO_BYTES);
	row("virtio-4k", virtio_chains(base, page, sizeof(page), VIRTIO_PAGES, true),
	    VIRTIO_PAGES * sizeof(page));
}

/* Accesses that the vmm answers, or after it one or two components more: tests/components/relay. */
static void nested(void)
{
	for (u32 hops = 0; hops < 3; hops++)
		if (read32(UART + HOP_BYTES * hops) != hops)
			print("# %u hops: a wrong answer\n", hops);
	MEASURE("nest-1", (void)read32(UART));
	MEASURE("nest-2", (void)read32(UART + HOP_BYTES));
	MEASURE("nest-3", (void)read32(UART + 2 * HOP_BYTES));
}

static void say(const char *text)
{
	while (*text != '\0')
		polled((u8)*text++);
}

/* Text without a line's end, and then the end. */
static void last_words(void)
{
	say("bench: a line\r\n");
	say("bench: last words");
}

/* Two computing vCPUs on one CPU, from the last read of the counter by one to the first by the
 * other. The interrupt at the end of the slice is included. */
#define SWITCHES  200
#define GAP_TICKS 12 /* more between two looks: the other had the CPU */

static u64 looked[2]; /* each one's latest look */

static void compute(u32 me, u32 gaps, u64 *sum)
{
	u64 now = time_now(), next;

	while (gaps != 0) {
		next = time_now();
		if (next - now > GAP_TICKS) {
			*sum += next - LOAD(looked[!me]);
			gaps--;
		}
		STORE(looked[me], next);
		now = next;
	}
}

static void compute_second(void)
{
	u64 sum = 0;

	STORE(ready, 1);
	compute(1, UINT32_MAX, &sum);
}

/* From one that sends an SGI and sleeps to the other, which was asleep, and back. */
static void hand_over(void)
{
	if (cpu_on(1, pong) != PSCI_SUCCESS)
		return;
	while (LOAD(ready) == 0)
		;
	MEASURE("hand-over", ping());
}

static void switches(void)
{
	u64 sum = 0;

	if (cpu_on(1, compute_second) != PSCI_SUCCESS)
		return;
	while (LOAD(ready) == 0)
		;
	compute(0, 1, &sum);
	sum = 0;
	compute(0, SWITCHES, &sum);
	row("switch", sum, SWITCHES);
}

static bool wants(const char *what)
{
	return strcmp(machine.bootargs, what) == 0;
}

static void one_cpu(void)
{
	MEASURE("psci-version", version());
	MEASURE("gicd-typer", (void)read32(gic.gicd + GICD_TYPER));
	MEASURE("gicd-isenabler", write32(gic.gicd + GICD_ISENABLER + 4, 1));
	if (gic.version == 3)
		MEASURE("sgi-self", sgi_self());
	else
		MEASURE("sgi-self", sgi_self_v2());
	timer("timer", false);
	timer("wfi", true);
	sgis_masked();
	MEASURE("id-register", (void)sysreg_read(ID_AA64MMFR0_EL1));
	MEASURE("actlr", (void)sysreg_read(ACTLR_EL1));
	MEASURE("cntpct", (void)sysreg_read(CNTPCT_EL0));
	registers_measure();
}

void guest_main(void)
{
	struct persist *p = (struct persist *)(machine.ram + machine.ram_size / 8 * 7);

	if (p->magic != MAGIC) {
		row("boot", boot_record.time, 1); /* ticks of the counter */
		sysreg_write(VBAR_EL1, gic.version == 3 ? bench_vectors : bench_vectors_v2);
		isb();
		gic_enable(SGI);
		gic_enable(machine.arch.timer_virt);
		irq_enable();
		if (wants("switches"))
			switches();
		else if (wants("hand-over"))
			hand_over();
		else if (wants("uart"))
			uart();
		else if (wants("virtio"))
			virtio();
		else if (wants("nested"))
			nested();
		else if (wants("last-words"))
			last_words();
		else if (!wants("boot") && machine.num_cpus > 1)
			two_cpus();
		if (machine.num_cpus > 1 || !wants(""))
			power_off();
		one_cpu();
	}
	reset(p);
}
