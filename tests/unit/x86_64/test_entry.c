/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/entry*.c: a good state passes, and one corrupted field at a time is named. */
#include "support/test.h"

#include "arch/x86_64/pure/entry.h"
#include "arch/x86_64/pure/regs.h"
#include <string.h>

#define BITS_OF_ADDRESS 40

#define PAT_RESET UINT64_C(0x0007040600070406)

/* Capabilities like those of Bochs's corei7_icelake_u. */
static const struct entry_caps caps = {
	.pin = (PIN_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI | PIN_PREEMPTION | PIN_POSTED | 0x16)
		       << 32 |
	       0x16,
	.primary = UINT64_C(0xfff9fffe) << 32 | 0x04006172,
	.secondary = UINT64_C(0x02137fff) << 32,
	.exit = UINT64_C(0x007fffff) << 32 | 0x00036dfb,
	.entry = UINT64_C(0x0003ffff) << 32 | 0x000011fb,
	.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
	.cr0_fixed1 = UINT32_MAX,
	.cr4_fixed0 = CR4_VMXE,
	.cr4_fixed1 = UINT64_C(0x3767ff),
	.misc = MASK(8, 6) | BIT(30),
	.ept_vpid = BIT(21),
	.address_bits = BITS_OF_ADDRESS,
};

static void set_segments(struct entry_state *s)
{
	for (u32 i = 0; i < ENTRY_SEGMENTS; i++) {
		s->field[ENTRY_SELECTOR + i] = 0x18;
		s->field[ENTRY_LIMIT + i] = UINT32_MAX;
		s->field[ENTRY_RIGHTS + i] = 0xc093;
	}
	s->field[ENTRY_SELECTOR + ENTRY_CS] = 0x10;
	s->field[ENTRY_RIGHTS + ENTRY_CS] = 0xa09b;
	s->field[ENTRY_LIMIT + ENTRY_TR] = s->field[ENTRY_LIMIT + ENTRY_LDTR] = 0xffff;
	s->field[ENTRY_RIGHTS + ENTRY_TR] = 0x8b;
	s->field[ENTRY_RIGHTS + ENTRY_LDTR] = 0x82;
}

static void set_host(u64 *f)
{
	f[ENTRY_HOST_CR0] = CR0_PE | CR0_NE | CR0_PG | CR0_WP | CR0_TS;
	f[ENTRY_HOST_CR3] = 0x300000;
	f[ENTRY_HOST_CR4] = CR4_PAE | CR4_VMXE | CR4_OSXSAVE;
	f[ENTRY_HOST_PAT] = PAT_RESET;
	f[ENTRY_HOST_EFER] = EFER_LMA | EFER_LME | EFER_NXE;
	f[ENTRY_HOST_CS] = 8;
	f[ENTRY_HOST_SS] = 0x10;
	f[ENTRY_HOST_TR] = 0x28;
	for (u32 i = ENTRY_HOST_TR_BASE; i <= ENTRY_HOST_RIP; i++)
		f[i] = UINT64_C(0xffffffff80001000);
}

/* A guest in 64-bit code. */
static struct entry_state good_state(void)
{
	struct entry_state s = { .caps = caps };
	u64 *f = s.field;

	f[ENTRY_PIN] = 0x16 | PIN_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI;
	f[ENTRY_PRIMARY] = 0x04006172 | PRIMARY_SECONDARY | PRIMARY_IO_BITMAPS |
			   PRIMARY_MSR_BITMAP | PRIMARY_HLT;
	f[ENTRY_SECONDARY] = SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED;
	f[ENTRY_EXIT_CONTROLS] = 0x00036dfb | EXIT_HOST64 | EXIT_ACKNOWLEDGE | EXIT_LOAD_PAT |
				 EXIT_SAVE_EFER | EXIT_LOAD_EFER;
	f[ENTRY_CONTROLS] =
		0x000011fb | ENTER_DEBUG | ENTER_IA32E | ENTER_LOAD_PAT | ENTER_LOAD_EFER;
	f[ENTRY_IO_A] = 0x1000;
	f[ENTRY_IO_B] = 0x2000;
	f[ENTRY_MSR_BITMAP] = 0x3000;
	f[ENTRY_VPID] = 1;
	f[ENTRY_EPTP] = 0x4000 | EPTP_WRITE_BACK | EPTP_LEVELS;
	set_host(f);
	set_segments(&s);
	f[ENTRY_CR0] = CR0_PE | CR0_NE | CR0_PG;
	f[ENTRY_CR3] = 0x5000;
	f[ENTRY_CR4] = CR4_PAE | CR4_VMXE;
	f[ENTRY_DR7] = 0x400;
	f[ENTRY_PAT] = PAT_RESET;
	f[ENTRY_EFER] = EFER_LMA | EFER_LME;
	f[ENTRY_GDT_LIMIT] = f[ENTRY_IDT_LIMIT] = 0xffff;
	f[ENTRY_RIP] = UINT64_C(0xffffffff81000000);
	f[ENTRY_RFLAGS] = 0x202;
	f[ENTRY_LINK] = UINT64_MAX;
	return s;
}

static void good_states_pass(void **state)
{
	struct entry_state s = good_state();
	u64 *f = s.field;

	(void)state;
	assert_null(entry_check(&s));
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_EXCEPTION << 8 | EVENT_HAS_ERROR | 13;
	assert_null(entry_check(&s));
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_SOFT_INT << 8 | 0x80;
	f[ENTRY_EVENT_LENGTH] = 2;
	assert_null(entry_check(&s));
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_NMI << 8 | 2;
	f[ENTRY_BLOCKING] = BLOCKED_STI;
	assert_null(entry_check(&s));
	f[ENTRY_RIP] = BIT(47); /* 63 to 48 are the same */
	assert_null(entry_check(&s));
	/* Real mode. */
	s = good_state();
	f[ENTRY_CONTROLS] &= ~ENTER_IA32E;
	f[ENTRY_EFER] = 0;
	f[ENTRY_CR0] = CR0_NE | CR0_CD | CR0_NW;
	f[ENTRY_CR4] = CR4_VMXE;
	f[ENTRY_RIP] = 0xfff0;
	f[ENTRY_BASE + ENTRY_CS] = 0xffff0000;
	f[ENTRY_LIMIT + ENTRY_CS] = 0xffff;
	f[ENTRY_RIGHTS + ENTRY_CS] = 0x9b;
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_EXCEPTION << 8 | 13; /* no error code there */
	assert_null(entry_check(&s));
	/* Virtual-8086 mode. */
	s = good_state();
	f[ENTRY_CONTROLS] &= ~ENTER_IA32E;
	f[ENTRY_EFER] = 0;
	f[ENTRY_RFLAGS] = 0x20202;
	f[ENTRY_RIP] = 0x100;
	for (u32 i = 0; i <= ENTRY_GS; i++) {
		f[ENTRY_SELECTOR + i] = 0x1234;
		f[ENTRY_BASE + i] = 0x12340;
		f[ENTRY_LIMIT + i] = 0xffff;
		f[ENTRY_RIGHTS + i] = 0xf3;
	}
	assert_null(entry_check(&s));
	f[ENTRY_LIMIT + ENTRY_FS] = 0xfffff;
	assert_string_equal(entry_check(&s), "27.3.1.2: a limit in virtual-8086 mode");
}

/* The value of one field, and the section of the manual that the checker has to name. */
struct corruption {
	u32 field;
	u64 value;
	const char *section;
};

#define NOT_CANONICAL UINT64_C(0x800000000000)
#define FAR           BIT(BITS_OF_ADDRESS)

static const struct corruption corruptions[] = {
	{ ENTRY_PIN, 0, "27.2.1.1" },
	{ ENTRY_PIN, UINT32_MAX, "27.2.1.1" },
	{ ENTRY_PIN, 0x16 | PIN_INTERRUPT | PIN_VIRTUAL_NMI, "27.2.1.1" },
	{ ENTRY_PIN, 0x16 | PIN_INTERRUPT | PIN_NMI | PIN_POSTED, "27.2.1.1" },
	{ ENTRY_PRIMARY, 0, "27.2.1.1" },
	{ ENTRY_SECONDARY, BIT(31), "27.2.1.1" },
	{ ENTRY_SECONDARY, SECONDARY_UNRESTRICTED, "27.2.1.1" },
	{ ENTRY_SECONDARY, SECONDARY_EPT | SECONDARY_DELIVERY, "27.2.1.1" },
	{ ENTRY_SECONDARY, SECONDARY_PML, "27.2.1.1" },
	{ ENTRY_CR3_TARGETS, 5, "27.2.1.1" },
	{ ENTRY_IO_A, 0x1001, "27.2.1.1" },
	{ ENTRY_IO_B, FAR, "27.2.1.1" },
	{ ENTRY_MSR_BITMAP, 0x10, "27.2.1.1" },
	{ ENTRY_VPID, 0, "27.2.1.1" },
	{ ENTRY_EPTP, 0x4000 | 5 | EPTP_LEVELS, "27.2.1.1" },
	{ ENTRY_EPTP, 0x4000 | EPTP_WRITE_BACK, "27.2.1.1" },
	{ ENTRY_EPTP, 0x4100 | EPTP_WRITE_BACK | EPTP_LEVELS, "27.2.1.1" },
	{ ENTRY_EPTP, FAR | EPTP_WRITE_BACK | EPTP_LEVELS, "27.2.1.1" },
	{ ENTRY_EXIT_CONTROLS, 0, "27.2.1.2" },
	{ ENTRY_EXIT_CONTROLS, 0x00036dfb | EXIT_SAVE_PREEMPTS, "27.2.1.2" },
	{ ENTRY_EXIT_STORES, 1, "27.2.1.2" },
	{ ENTRY_EXIT_LOADS, 1, "27.2.1.2" },
	{ ENTRY_CONTROLS, 0, "27.2.1.3" },
	{ ENTRY_CONTROLS, 0x000011fb | ENTER_SMM, "27.2.1.3" },
	{ ENTRY_LOADS, 1, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | 1u << 8, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | EVENT_NMI << 8 | 3, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | EVENT_EXCEPTION << 8 | 32, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | EVENT_EXCEPTION << 8 | 13, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | EVENT_EXCEPTION << 8 | EVENT_HAS_ERROR | 6, "27.2.1.3" },
	{ ENTRY_EVENT, EVENT_VALID | BIT(20) | 0x20, "27.2.1.3" },
	{ ENTRY_HOST_CR0, CR0_PE | CR0_PG, "27.2.2" },
	{ ENTRY_HOST_CR4, CR4_PAE, "27.2.2" },
	{ ENTRY_HOST_CR4, CR4_VMXE, "27.2.4" },
	{ ENTRY_HOST_CR3, FAR, "27.2.2" },
	{ ENTRY_HOST_SYSENTER_ESP, NOT_CANONICAL, "27.2.2" },
	{ ENTRY_HOST_SYSENTER_EIP, NOT_CANONICAL, "27.2.2" },
	{ ENTRY_HOST_PAT, 2, "27.2.2" },
	{ ENTRY_HOST_EFER, EFER_LME, "27.2.2" },
	{ ENTRY_HOST_EFER, EFER_LME | EFER_LMA | BIT(1), "27.2.2" },
	{ ENTRY_HOST_ES, 0x13, "27.2.3" },
	{ ENTRY_HOST_CS, 0, "27.2.3" },
	{ ENTRY_HOST_SS, 0x14, "27.2.3" },
	{ ENTRY_HOST_TR, 0, "27.2.3" },
	{ ENTRY_HOST_FS_BASE, NOT_CANONICAL, "27.2.3" },
	{ ENTRY_HOST_GS_BASE, NOT_CANONICAL, "27.2.3" },
	{ ENTRY_HOST_TR_BASE, NOT_CANONICAL, "27.2.3" },
	{ ENTRY_HOST_GDT_BASE, NOT_CANONICAL, "27.2.3" },
	{ ENTRY_HOST_IDT_BASE, NOT_CANONICAL, "27.2.3" },
	{ ENTRY_HOST_RIP, NOT_CANONICAL, "27.2.4" },
	{ ENTRY_CR0, CR0_PE | CR0_PG, "27.3.1.1" },
	{ ENTRY_CR0, CR0_NE | CR0_PG, "27.3.1.1" },
	{ ENTRY_CR0, CR0_NE | CR0_PE, "27.3.1.1" },
	{ ENTRY_CR0, CR0_PE | CR0_NE | CR0_PG | BIT(32), "27.3.1.1" },
	{ ENTRY_CR3, FAR, "27.3.1.1" },
	{ ENTRY_CR4, CR4_PAE, "27.3.1.1" },
	{ ENTRY_CR4, CR4_VMXE, "27.3.1.1" },
	{ ENTRY_DEBUGCTL, BIT(4), "27.3.1.1" },
	{ ENTRY_DR7, BIT(32), "27.3.1.1" },
	{ ENTRY_SYSENTER_ESP, NOT_CANONICAL, "27.3.1.1" },
	{ ENTRY_SYSENTER_EIP, NOT_CANONICAL, "27.3.1.1" },
	{ ENTRY_PAT, 3, "27.3.1.1" },
	{ ENTRY_EFER, 0, "27.3.1.1" },
	{ ENTRY_EFER, EFER_LMA, "27.3.1.1" },
	{ ENTRY_EFER, EFER_LMA | EFER_LME | EFER_SVME, "27.3.1.1" },
	{ ENTRY_SELECTOR + ENTRY_TR, 4, "27.3.1.2" },
	{ ENTRY_SELECTOR + ENTRY_LDTR, 4, "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_TR, NOT_CANONICAL, "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_FS, NOT_CANONICAL, "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_GS, NOT_CANONICAL, "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_LDTR, NOT_CANONICAL, "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_CS, BIT(32), "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_DS, BIT(32), "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_ES, BIT(32), "27.3.1.2" },
	{ ENTRY_BASE + ENTRY_SS, BIT(32), "27.3.1.2" },
	{ ENTRY_LIMIT + ENTRY_CS, 0xffffe, "27.3.1.2" },
	{ ENTRY_LIMIT + ENTRY_SS, 0, "27.3.1.2" },
	{ ENTRY_LIMIT + ENTRY_DS, 0, "27.3.1.2" },
	{ ENTRY_LIMIT + ENTRY_TR, 0x100000, "27.3.1.2" },
	{ ENTRY_LIMIT + ENTRY_LDTR, 0x100000, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa0b3, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa09a, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa08b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa0bb, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa0bf, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa01b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xa19b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_CS, 0xe09b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_SS, 0xc091, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_SS, 0xc013, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_DS, 0xc092, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_ES, 0xc083, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_FS, 0xc099, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_GS, 0xc013, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_TR, 0x83, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_TR, 0x9b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_TR, 0x0b, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_TR, 0x8b | RIGHTS_UNUSABLE, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_LDTR, 0x83, "27.3.1.2" },
	{ ENTRY_RIGHTS + ENTRY_LDTR, 0x02, "27.3.1.2" },
	{ ENTRY_GDT_BASE, NOT_CANONICAL, "27.3.1.3" },
	{ ENTRY_IDT_BASE, NOT_CANONICAL, "27.3.1.3" },
	{ ENTRY_GDT_LIMIT, 0x10000, "27.3.1.3" },
	{ ENTRY_IDT_LIMIT, 0x10000, "27.3.1.3" },
	{ ENTRY_RIP, BIT(48), "27.3.1.4" },
	{ ENTRY_RFLAGS, 0, "27.3.1.4" },
	{ ENTRY_RFLAGS, 0xa, "27.3.1.4" },
	{ ENTRY_ACTIVITY, 4, "27.3.1.5" },
	{ ENTRY_BLOCKING, BIT(4), "27.3.1.5" },
	{ ENTRY_BLOCKING, BIT(5), "27.3.1.5" },
	{ ENTRY_BLOCKING, BLOCKED_STI | BLOCKED_MOV_SS, "27.3.1.5" },
	{ ENTRY_BLOCKING, BLOCKED_SMI, "27.3.1.5" },
	{ ENTRY_PENDING_DEBUG, BIT(5), "27.3.1.5" },
	{ ENTRY_LINK, 0, "27.3.1.5" },
};

static void one_corrupted_field_is_named(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(corruptions); i++) {
		const struct corruption *c = &corruptions[i];
		struct entry_state s = good_state();
		const char *why;

		s.field[c->field] = c->value;
		why = entry_check(&s);
		if (why == NULL || strncmp(why, c->section, strlen(c->section)) != 0)
			fail_msg("corruption %u of field %u: %s", i, c->field,
				 why != NULL ? why : "passes");
	}
}

/* Rules about two fields. */
static void events_and_blocking(void **state)
{
	struct entry_state s = good_state();
	u64 *f = s.field;

	(void)state;
	f[ENTRY_EVENT] = EVENT_VALID | 0x30;
	assert_null(entry_check(&s));
	f[ENTRY_RFLAGS] = 2;
	assert_string_equal(entry_check(&s), "27.3.1.4: an interrupt with RFLAGS.IF clear");
	f[ENTRY_RFLAGS] = 0x202;
	f[ENTRY_BLOCKING] = BLOCKED_STI;
	assert_string_equal(entry_check(&s), "27.3.1.5: an interrupt that STI or MOV SS blocks");
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_NMI << 8 | 2;
	f[ENTRY_BLOCKING] = BLOCKED_NMI;
	assert_string_equal(entry_check(&s), "27.3.1.5: an NMI that an NMI blocks");
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_SOFT_TRAP << 8 | 3;
	f[ENTRY_EVENT_LENGTH] = 16;
	assert_string_equal(entry_check(&s), "27.2.1.3: the length of the event's instruction");
	f[ENTRY_EVENT] = EVENT_VALID | EVENT_EXCEPTION << 8 | EVENT_HAS_ERROR | 14;
	f[ENTRY_EVENT_ERROR] = BIT(16);
	assert_string_equal(entry_check(&s), "27.2.1.3: a reserved bit of the error code");
	s = good_state();
	f[ENTRY_BLOCKING] = BLOCKED_STI;
	f[ENTRY_RFLAGS] = 0x302;
	assert_string_equal(entry_check(&s), "27.3.1.5: the pending single step");
	f[ENTRY_PENDING_DEBUG] = BIT(14);
	assert_null(entry_check(&s));
}

static void pdptes_of_pae(void **state)
{
	struct entry_state s = good_state();
	u64 *f = s.field;

	(void)state;
	f[ENTRY_CONTROLS] &= ~ENTER_IA32E;
	f[ENTRY_EFER] = 0;
	f[ENTRY_RIP] = 0x1000;
	f[ENTRY_PDPTE] = 0x6001;
	assert_null(entry_check(&s));
	f[ENTRY_PDPTE + 3] = 0x6003;
	assert_string_equal(entry_check(&s), "27.3.1.6: a reserved bit of a PDPTE");
	f[ENTRY_PDPTE + 3] = FAR | 1;
	assert_string_equal(entry_check(&s), "27.3.1.6: a reserved bit of a PDPTE");
}

/* SDM vol. 3, appendix B. */
static void encodings(void **state)
{
	(void)state;
	assert_int_equal(entry_encoding(ENTRY_SELECTOR + ENTRY_TR), 0x80e);
	assert_int_equal(entry_encoding(ENTRY_BASE + ENTRY_ES), 0x6806);
	assert_int_equal(entry_encoding(ENTRY_BASE + ENTRY_TR), 0x6814);
	assert_int_equal(entry_encoding(ENTRY_LIMIT + ENTRY_LDTR), 0x480c);
	assert_int_equal(entry_encoding(ENTRY_RIGHTS + ENTRY_TR), 0x4822);
	assert_int_equal(entry_encoding(ENTRY_RIP), 0x681e);
	for (u32 i = ENTRY_PIN + 1; i < ENTRY_FIELDS; i++)
		for (u32 j = ENTRY_PIN; j < i; j++)
			assert_int_not_equal(entry_encoding(i), entry_encoding(j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_states_pass),
		cmocka_unit_test(one_corrupted_field_is_named),
		cmocka_unit_test(events_and_blocking),
		cmocka_unit_test(pdptes_of_pae),
		cmocka_unit_test(encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
