/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a VM entry by the processor and by arch/x86_64/pure/entry*.c, on the bare machine.
 * A good control structure gets one corrupted field at a time. The processor refuses it if and only
 * if the checker names a rule; each difference is a line on the first serial port.
 */
#include "arch/x86_64/pure/entry.h"
#include "arch/x86_64/pure/regs.h"
#include "arch/x86_64/vmx/vmcs.h"

#define EACH     5u  /* corruptions of a field */
#define ATTEMPTS 60u /* values until there is one that can be tried */

#define PAT_RESET  UINT64_C(0x0007040600070406)
#define CODE       UINT64_C(8)
#define DATA       UINT64_C(16)
#define TASK       UINT64_C(24)
#define WAITS_SIPI 3u
#define MSR_BASIC  0x480u
#define MSR_CTL    0x3au
#define CTL_ON     UINT64_C(5)

void entry_main(void);
bool launch(void);
extern const u8 launch_exited[], guest_code[], gdt[];
extern u64 level4[];

static u8 pages[6][4096] __attribute__((aligned(4096)));
static u64 ept[6][512] __attribute__((aligned(4096)));
static struct entry_state state;
static u64 good[ENTRY_FIELDS];
static u64 seed = UINT64_C(0x9e3779b97f4a7c15);
static u32 tried, refused, differences;

static u64 entry_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static u64 get_msr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static void set_msr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* --- Output --- */

static u8 line_status(void)
{
	u8 status;

	__asm__ volatile("inb %%dx, %%al" : "=a"(status) : "d"(0x3fd));
	return status;
}

static void print(const char *text)
{
	for (; *text != '\0'; text++) {
		while ((line_status() & 0x20) == 0)
			;
		__asm__ volatile("outb %%al, %%dx" : : "a"(*text), "d"(0x3f8));
	}
}

static void print_hex(u64 value)
{
	char digits[] = "0x0000000000000000 ";

	for (u32 i = 0; i < 16; i++)
		digits[17 - i] = "0123456789abcdef"[value >> 4 * i & 15];
	print(digits);
}

/* --- A good state --- */

static void read_caps(struct entry_caps *caps)
{
	*caps = (struct entry_caps){
		.pin = get_msr(0x48d),
		.primary = get_msr(0x48e),
		.secondary = get_msr(0x48b),
		.exit = get_msr(0x48f),
		.entry = get_msr(0x490),
		.cr0_fixed0 = get_msr(0x486),
		.cr0_fixed1 = get_msr(0x487),
		.cr4_fixed0 = get_msr(0x488),
		.cr4_fixed1 = get_msr(0x489),
		.misc = get_msr(0x485),
		.ept_vpid = get_msr(0x48c),
		.address_bits = 0,
	};
	__asm__ volatile("cpuid"
			 : "=a"(caps->address_bits)
			 : "a"(0x80000008)
			 : "ebx", "ecx", "edx");
	caps->address_bits &= 0xff;
}

/* Nothing is writable for the guest. */
static void fill_ept(void)
{
	ept[0][0] = (u64)ept[1] | 5;
	for (u32 i = 0; i < 4; i++) {
		ept[1][i] = (u64)ept[2 + i] | 5;
		for (u32 n = 0; n < 512; n++)
			ept[2 + i][n] = ((u64)i << 30 | (u64)n << 21) | 5 | 6 << 3 | BIT(7);
	}
}

static void set_controls(void)
{
	const struct entry_caps *caps = &state.caps;

	good[ENTRY_PIN] =
		(u32)caps->pin | PIN_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI | PIN_PREEMPTION;
	good[ENTRY_PRIMARY] =
		(u32)caps->primary | PRIMARY_SECONDARY | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAP;
	good[ENTRY_SECONDARY] = SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED;
	good[ENTRY_EXIT_CONTROLS] = (u32)caps->exit | EXIT_HOST64 | EXIT_ACKNOWLEDGE |
				    EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER;
	good[ENTRY_CONTROLS] =
		(u32)caps->entry | ENTER_DEBUG | ENTER_IA32E | ENTER_LOAD_PAT | ENTER_LOAD_EFER;
	good[ENTRY_IO_A] = (u64)pages[2];
	good[ENTRY_IO_B] = (u64)pages[3];
	good[ENTRY_MSR_BITMAP] = (u64)pages[4];
	good[ENTRY_VPID] = 1;
	good[ENTRY_EPTP] = (u64)ept[0] | EPTP_WRITE_BACK | EPTP_LEVELS;
}

static u64 get_cr0(void)
{
	u64 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static void set_host(void)
{
	good[ENTRY_HOST_CR0] = get_cr0();
	good[ENTRY_HOST_CR3] = (u64)level4;
	good[ENTRY_HOST_CR4] = CR4_PAE | CR4_VMXE;
	good[ENTRY_HOST_PAT] = PAT_RESET;
	good[ENTRY_HOST_EFER] = EFER_LMA | EFER_LME;
	good[ENTRY_HOST_CS] = CODE;
	good[ENTRY_HOST_SS] = good[ENTRY_HOST_DS] = good[ENTRY_HOST_ES] = DATA;
	good[ENTRY_HOST_TR] = TASK;
	good[ENTRY_HOST_GDT_BASE] = (u64)gdt;
	good[ENTRY_HOST_RIP] = (u64)launch_exited;
}

static void set_guest(void)
{
	for (u32 i = 0; i < ENTRY_SEGMENTS; i++) {
		good[ENTRY_SELECTOR + i] = DATA;
		good[ENTRY_LIMIT + i] = UINT32_MAX;
		good[ENTRY_RIGHTS + i] = 0xc093;
	}
	good[ENTRY_SELECTOR + ENTRY_CS] = CODE;
	good[ENTRY_RIGHTS + ENTRY_CS] = 0xa09b;
	good[ENTRY_LIMIT + ENTRY_TR] = good[ENTRY_LIMIT + ENTRY_LDTR] = 0xffff;
	good[ENTRY_RIGHTS + ENTRY_TR] = 0x8b;
	good[ENTRY_RIGHTS + ENTRY_LDTR] = 0x82;
	good[ENTRY_CR0] = CR0_PE | CR0_NE | CR0_PG;
	good[ENTRY_CR3] = (u64)level4;
	good[ENTRY_CR4] = CR4_PAE | CR4_VMXE;
	good[ENTRY_DR7] = 0x400;
	good[ENTRY_PAT] = PAT_RESET;
	good[ENTRY_EFER] = EFER_LMA | EFER_LME;
	good[ENTRY_RIP] = (u64)guest_code;
	good[ENTRY_RFLAGS] = 2;
	good[ENTRY_LINK] = UINT64_MAX;
}

/* --- Corruptions --- */

static void vmx_on(void)
{
	u64 region = (u64)pages[0];

	*(u32 *)pages[0] = *(u32 *)pages[1] = (u32)get_msr(MSR_BASIC) & 0x7fffffff;
	if ((get_msr(MSR_CTL) & 1) == 0)
		set_msr(MSR_CTL, CTL_ON);
	__asm__ volatile("mov %0, %%cr4" : : "r"(CR4_PAE | CR4_VMXE));
	__asm__ volatile("vmxon %0" : : "m"(region) : "cc", "memory");
}

/* A structure that was not launched, with every field good but @field. */
static void load(u32 field, u64 value)
{
	u64 region = (u64)pages[1];

	__asm__ volatile("vmclear %0; vmptrld %0" : : "m"(region) : "cc", "memory");
	for (u32 i = 0; i < ENTRY_FIELDS; i++)
		vmcs_set(i, i == field ? value : good[i]);
	vmcs_write(VMCS_PREEMPTION, 1000);
	for (u32 i = 0; i < ENTRY_FIELDS; i++)
		state.field[i] = vmcs_read(entry_encoding(i));
}

static bool cpu_refuses(void)
{
	return !launch() || (vmcs_read(VMCS_REASON) & BIT(31)) != 0;
}

/* A value that passes, but would change this program, or let the CPU wait for another. */
static bool is_risky(u32 field, u64 value)
{
	return (field >= ENTRY_HOST_CR0 && field <= ENTRY_HOST_RIP) ||
	       (field == ENTRY_ACTIVITY && value == WAITS_SIPI);
}

/* One or two bits of the field's width are inverted, or all get another value. */
static u64 corrupt(u32 field)
{
	static const u32 widths[] = { 16, 64, 32, 64 };
	u32 width = widths[entry_encoding(field) >> 13 & 3];
	u64 bits = BIT(entry_random() % width);

	if (entry_random() % 4 == 0)
		bits |= BIT(entry_random() % width);
	if (entry_random() % 8 == 0)
		bits = entry_random();
	return (good[field] ^ bits) & (width == 64 ? UINT64_MAX : BIT(width) - 1);
}

static void try_field(u32 field)
{
	/* Lists of MSRs: the checker refuses all, because the core has none. */
	if (field >= ENTRY_EXIT_STORES && field <= ENTRY_LOADS)
		return;
	for (u32 i = 0; i < ATTEMPTS; i++) {
		u64 value = corrupt(field);
		const char *named;
		bool refuses;

		load(field, value);
		named = entry_check(&state);
		if (value == good[field] || (named == NULL && is_risky(field, value)))
			continue;
		refuses = cpu_refuses();
		tried++;
		refused += refuses;
		if (refuses == (named != NULL))
			return;
		differences++;
		print(refuses ? "entry: refused " : "entry: entered ");
		print_hex(entry_encoding(field));
		print_hex(value);
		print(named != NULL ? named : "no rule");
		print("\n");
		return;
	}
}

void entry_main(void)
{
	vmx_on();
	read_caps(&state.caps);
	fill_ept();
	set_controls();
	set_host();
	set_guest();
	load(ENTRY_FIELDS, 0);
	if (entry_check(&state) != NULL || cpu_refuses()) {
		print("entry: the good state is refused: ");
		print(entry_check(&state) != NULL ? entry_check(&state) : "no rule");
		print("\n");
		return;
	}
	for (u32 n = 0; n < EACH; n++)
		for (u32 field = 0; field < ENTRY_FIELDS; field++)
			try_field(field);
	print("entry: tried, refused, differences: ");
	print_hex(tried);
	print_hex(refused);
	print_hex(differences);
	print("\n");
}
