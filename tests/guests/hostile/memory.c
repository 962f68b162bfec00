/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses to foreign addresses, in every form; invalid translation tables and vectors. */
#include "hostile.h"

/* ldr/str of x0 at [x2]; the rest as named. */
#define LDR_X    0xf9400040u
#define STR_X    0xf9000040u
#define LDR_W    0xb9400040u
#define LDR_H    0x79400040u
#define LDR_B    0x39400040u
#define STR_W    0xb9000040u
#define STR_H    0x79000040u
#define STR_B    0x39000040u
#define LDP_X    0xa9400440u
#define STP_X    0xa9000440u
#define LDP_W    0x29400440u
#define LDPSW    0x69400440u
#define LDR_POST 0xf8408440u
#define STR_POST 0xf8008440u
#define LDR_PRE  0xf8408c40u
#define STR_PRE  0xf8008c40u
#define LDP_POST 0xa8c10440u
#define STP_PRE  0xa9bf0440u
#define LDR_Q    0x3dc00040u
#define STR_Q    0x3d800040u
#define LDP_Q    0xad400440u
#define LDXR     0xc85f7c40u
#define LDAXR    0xc85ffc40u
#define STXR     0xc8017c40u
#define LDAR     0xc8dffc40u
#define STLR     0xc89ffc40u
#define LDADD    0xf8200041u
#define CAS      0xc8a07c41u
#define LD1      0x4c407040u
#define PRFM     0xf9800040u
#define DC_ZVA   0xd50b7422u
#define DC_CIVAC 0xd50b7e22u
#define DC_IVAC  0xd5087622u
#define IC_IVAU  0xd50b7522u
#define AT_S1E1R 0xd5087802u

static const u32 all_forms[] = {
	LDR_X, STR_X, LDR_W, LDR_H,    LDR_B,    STR_W,   STR_H,   STR_B,    LDP_X,
	STP_X, LDP_W, LDPSW, LDR_POST, STR_POST, LDR_PRE, STR_PRE, LDP_POST, STP_PRE,
	LDR_Q, STR_Q, LDP_Q, LDXR,     LDAXR,    STXR,    LDAR,    STLR,     LDADD,
	CAS,   LD1,   PRFM,  DC_ZVA,   DC_CIVAC, DC_IVAC, IC_IVAU, AT_S1E1R,
};

void attack_all(u64 address)
{
	for (u32 i = 0; i < ARRAY_SIZE(all_forms); i++)
		attack(all_forms[i], random_next(), address);
}

static bool own_memory(u64 address)
{
	return address + 64 > machine.ram && address < machine.ram + machine.ram_size;
}

void unmapped(void)
{
	/* Every power of two, as device memory and as normal memory. */
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 gib = 0; gib < 512; gib++)
			if (!own_memory((u64)gib << 30))
				mmu_set_gib(gib, (u64)gib << 30 | MMU_BLOCK |
							 (pass == 0 ? MMU_DEVICE : MMU_NORMAL));
		for (u32 bit = 12; bit < 39; bit++)
			if (!own_memory(1ull << bit) &&
			    (1ull << bit) != ALIGN_DOWN(gic.gicd, MIB(1)))
				attack_all(1ull << bit);
	}
	attack_all(machine.ram + machine.ram_size);
	attack_all(machine.ram - 16);
	attack_all(machine.ram + machine.ram_size - 4);
	/* Addresses wider than any table, with the MMU off. */
	mmu_off();
	for (u32 bit = 39; bit < 64; bit++)
		attack(LDR_X, 0, 1ull << bit);
	mmu_on();
	for (u32 i = 0; i < 2000; i++) {
		u64 address = random_next() & MASK(38, 3);

		if (!own_memory(address))
			attack(all_forms[i % ARRAY_SIZE(all_forms)], random_next(), address);
	}
}

/* Instructions from device pages and from nowhere; nothing of it may run. */
void permission(void)
{
	mmu_set_gib(0, MMU_BLOCK | MMU_DEVICE);
	map_nowhere();
	call_at(gic.gicd);
	call_at(gic.version == 3 ? gic.gicr : gic.gicc);
	call_at(0);
	call_at(machine.ram - 4);
	call_at(machine.ram + machine.ram_size);
	call_at(NOWHERE);
	call_at(~0ull);
	call_at(NOWHERE + 2);
	call_at(0x0123456789abcdec);
}

void walks(void)
{
	static const u64 offsets[] = { 0, 0x1000, 0x5000, 0xf000 };
	const u64 tables[] = { NOWHERE,
			       gic.gicd,
			       gic.version == 3 ? gic.gicr : gic.gicc,
			       0,
			       MASK(47, 12),
			       1ull << 40,
			       machine.ram - 0x1000,
			       machine.ram + machine.ram_size };

	for (u32 t = 0; t < ARRAY_SIZE(tables); t++) {
		mmu_set_gib(NOWHERE >> 30, tables[t] | MMU_TABLE);
		for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
			attack_all(NOWHERE + offsets[i]);
			call_at(NOWHERE + offsets[i]);
		}
	}
}

/* Accesses without a syndrome, at every register of the controller. */
void forms(void)
{
	u64 frame = gic.version == 3 ? gic.gicr + 0x10000 : gic.gicc;

	for (u32 offset = 0; offset < 0x1000; offset += 0x28) {
		attack_all(gic.gicd + offset);
		attack_all(frame + offset);
	}
	attack_all(gic.gicd + 0xffe8);
}

void misaligned(void)
{
	static const u32 sized[] = { LDR_H, LDR_W, LDR_X, STR_H, STR_W, STR_X, LDP_X, LDR_Q };

	/* With the MMU off and on, against the end of pages and frames too. */
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 offset = 1; offset < 0x1010; offset += offset < 16 ? 1 : 0x33)
			for (u32 i = 0; i < ARRAY_SIZE(sized); i++)
				attack(sized[i], random_next(), gic.gicd + offset);
		for (u32 back = 1; back < 8; back++)
			for (u32 i = 0; i < ARRAY_SIZE(sized); i++) {
				attack(sized[i], 0, gic.gicd + 0x10000 - back);
				attack(sized[i], 0, gic.gicd - back);
			}
		mmu_off();
	}
	mmu_on();
}

/* From here on exceptions have no vectors: the first one ends this guest. */
void jump(void)
{
	map_nowhere();
	sysreg_write(VBAR_EL1, NOWHERE);
	isb();
	call_at(NOWHERE + 0x123450);
}

void no_vectors(void)
{
	map_nowhere();
	sysreg_write(VBAR_EL1, NOWHERE + 0x800);
	isb();
	(void)read32(NOWHERE);
}

/* The handler's own first instruction faults, without end, at this guest's own cost. */
void vector_loop(void)
{
	static u32 table[512] __aligned(2048);

	map_nowhere();
	for (u32 i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = LDR_X;
	dsb();
	__asm__ volatile("ic iallu\n\tdsb sy\n\tisb" ::: "memory");
	print("hostile: vector-loop goes on\n");
	sysreg_write(VBAR_EL1, (u64)table);
	isb();
	attack(LDR_X, 0, NOWHERE);
}

/* Even this guest's own code is unmapped. */
void bad_tables(void)
{
	sysreg_write(TTBR0_EL1, NOWHERE);
	isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}
