/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the guest's state; see entry.h. SDM vol. 3, 27.3. */
#include "arch/x86_64/pure/entry_internal.h"

#define RFLAGS_ONE  BIT(1)
#define RFLAGS_ZERO (MASK(63, 22) | BIT(15) | BIT(5) | BIT(3))
#define RFLAGS_TF   BIT(8)
#define RFLAGS_IF   BIT(9)
#define RFLAGS_VM   BIT(17)

#define DEBUGCTL_BITS (MASK(12, 6) | MASK(15, 14) | MASK(2, 0))
#define DEBUGCTL_BTF  BIT(1)
#define PENDING_BITS  (BIT(16) | BIT(14) | BIT(12) | MASK(3, 0))
#define PENDING_BS    BIT(14)
#define PDPTE_ZERO    (MASK(2, 1) | MASK(8, 5))
#define MISC_HLT      BIT(6)

#define TYPE_LDT      2u
#define TYPE_TSS16    3u
#define TYPE_TSS      11u
#define TYPE_DATA_RW  3u
#define TYPE_DATA_RWE 7u
#define SELECTOR_TI   BIT(2)
#define V86_RIGHTS    0xf3u

static bool is_ia32e(const struct entry_state *s)
{
	return (s->field[ENTRY_CONTROLS] & ENTER_IA32E) != 0;
}

static bool is_unrestricted(const struct entry_state *s)
{
	return (entry_secondary(s) & SECONDARY_UNRESTRICTED) != 0;
}

static bool is_v86(const struct entry_state *s)
{
	return (s->field[ENTRY_RFLAGS] & RFLAGS_VM) != 0;
}

static u64 rights(const struct entry_state *s, u32 segment)
{
	return s->field[ENTRY_RIGHTS + segment];
}

static bool is_usable(const struct entry_state *s, u32 segment)
{
	return (rights(s, segment) & RIGHTS_UNUSABLE) == 0;
}

/* --- 27.3.1.1: control registers, debug registers, MSRs --- */

static const char *check_control_registers(const struct entry_state *s)
{
	const u64 *f = s->field;
	const struct entry_caps *c = &s->caps;
	/* CD and NW are not checked, because an entry does not change them. */
	u64 free = CR0_CD | CR0_NW | (is_unrestricted(s) ? CR0_PE | CR0_PG : 0);

	if ((~f[ENTRY_CR0] & c->cr0_fixed0 & ~free) != 0 ||
	    (f[ENTRY_CR0] & ~c->cr0_fixed1 & ~free) != 0)
		return "27.3.1.1: a fixed bit of CR0";
	if ((f[ENTRY_CR0] & (CR0_PG | CR0_PE)) == CR0_PG)
		return "27.3.1.1: CR0.PG without PE";
	if ((~f[ENTRY_CR4] & c->cr4_fixed0) != 0 || (f[ENTRY_CR4] & ~c->cr4_fixed1) != 0)
		return "27.3.1.1: a fixed bit of CR4";
	if (is_ia32e(s) && ((f[ENTRY_CR0] & CR0_PG) == 0 || (f[ENTRY_CR4] & CR4_PAE) == 0))
		return "27.3.1.1: IA-32e mode without paging or PAE";
	if (!is_ia32e(s) && (f[ENTRY_CR4] & CR4_PCIDE) != 0)
		return "27.3.1.1: CR4.PCIDE outside IA-32e mode";
	if (f[ENTRY_CR3] >> c->address_bits != 0)
		return "27.3.1.1: CR3";
	return NULL;
}

static const char *check_msrs(const struct entry_state *s)
{
	const u64 *f = s->field;
	u64 controls = f[ENTRY_CONTROLS], efer = f[ENTRY_EFER];
	bool lma = (efer & EFER_LMA) != 0, lme = (efer & EFER_LME) != 0;

	if ((controls & ENTER_DEBUG) != 0 && (f[ENTRY_DEBUGCTL] & ~DEBUGCTL_BITS) != 0)
		return "27.3.1.1: a reserved bit of DEBUGCTL";
	if ((controls & ENTER_DEBUG) != 0 && f[ENTRY_DR7] >> 32 != 0)
		return "27.3.1.1: the upper half of DR7";
	if (!entry_canonical(f[ENTRY_SYSENTER_ESP]) || !entry_canonical(f[ENTRY_SYSENTER_EIP]))
		return "27.3.1.1: SYSENTER is not canonical";
	if ((controls & ENTER_LOAD_PAT) != 0 && !entry_pat_is_valid(f[ENTRY_PAT]))
		return "27.3.1.1: PAT";
	if ((controls & ENTER_LOAD_EFER) == 0)
		return NULL;
	if ((efer & ~ENTRY_EFER_BITS) != 0)
		return "27.3.1.1: a reserved bit of EFER";
	if (lma != is_ia32e(s))
		return "27.3.1.1: EFER.LMA differs from the entry control";
	if ((f[ENTRY_CR0] & CR0_PG) != 0 && lma != lme)
		return "27.3.1.1: EFER.LMA differs from LME with paging";
	return NULL;
}

/* --- 27.3.1.2: segments --- */

static const char *check_selectors(const struct entry_state *s)
{
	const u64 *f = s->field;

	if ((f[ENTRY_SELECTOR + ENTRY_TR] & SELECTOR_TI) != 0)
		return "27.3.1.2: TR with TI";
	if (is_usable(s, ENTRY_LDTR) && (f[ENTRY_SELECTOR + ENTRY_LDTR] & SELECTOR_TI) != 0)
		return "27.3.1.2: LDTR with TI";
	if (!is_v86(s) && !is_unrestricted(s) &&
	    ((f[ENTRY_SELECTOR + ENTRY_SS] ^ f[ENTRY_SELECTOR + ENTRY_CS]) & 3) != 0)
		return "27.3.1.2: the RPLs of SS and CS differ";
	return NULL;
}

static const char *check_bases(const struct entry_state *s)
{
	const u64 *base = &s->field[ENTRY_BASE];

	if (!entry_canonical(base[ENTRY_TR]) || !entry_canonical(base[ENTRY_FS]) ||
	    !entry_canonical(base[ENTRY_GS]))
		return "27.3.1.2: the base of TR, FS or GS is not canonical";
	if (is_usable(s, ENTRY_LDTR) && !entry_canonical(base[ENTRY_LDTR]))
		return "27.3.1.2: the base of LDTR is not canonical";
	if (base[ENTRY_CS] >> 32 != 0)
		return "27.3.1.2: the upper half of the base of CS";
	for (u32 i = 0; i <= ENTRY_DS; i++)
		if (i != ENTRY_CS && is_usable(s, i) && base[i] >> 32 != 0)
			return "27.3.1.2: the upper half of the base of SS, DS or ES";
	return NULL;
}

static const char *check_v86(const struct entry_state *s)
{
	for (u32 i = 0; i <= ENTRY_GS; i++) {
		if (s->field[ENTRY_BASE + i] != s->field[ENTRY_SELECTOR + i] << 4)
			return "27.3.1.2: a base in virtual-8086 mode";
		if (s->field[ENTRY_LIMIT + i] != 0xffff)
			return "27.3.1.2: a limit in virtual-8086 mode";
		if (rights(s, i) != V86_RIGHTS)
			return "27.3.1.2: access rights in virtual-8086 mode";
	}
	return NULL;
}

/* Presence, reserved bits and granularity. */
static bool form_is_valid(const struct entry_state *s, u32 segment)
{
	u64 r = rights(s, segment), limit = s->field[ENTRY_LIMIT + segment];
	bool granular = (r & RIGHTS_GRANULAR) != 0;

	if ((r & RIGHTS_PRESENT) == 0 || (r & (MASK(11, 8) | MASK(31, 17))) != 0)
		return false;
	return granular ? (limit & 0xfff) == 0xfff : limit >> 20 == 0;
}

static const char *check_code(const struct entry_state *s)
{
	u64 cs = rights(s, ENTRY_CS), ss = rights(s, ENTRY_SS), type = RIGHTS_TYPE(cs);
	bool data = type == TYPE_DATA_RW && is_unrestricted(s);

	if (!data && (type & 9) != 9)
		return "27.3.1.2: the type of CS";
	if ((cs & RIGHTS_CODE_DATA) == 0)
		return "27.3.1.2: CS is a system segment";
	if (data && RIGHTS_DPL(cs) != 0)
		return "27.3.1.2: the DPL of CS";
	if (!data && (type & 4) == 0 && RIGHTS_DPL(cs) != RIGHTS_DPL(ss))
		return "27.3.1.2: the DPLs of CS and SS differ";
	if (!data && (type & 4) != 0 && RIGHTS_DPL(cs) > RIGHTS_DPL(ss))
		return "27.3.1.2: the DPL of conforming CS is above that of SS";
	if (!form_is_valid(s, ENTRY_CS))
		return "27.3.1.2: CS is not present, or has a reserved bit or a wrong granularity";
	if (is_ia32e(s) && (cs & RIGHTS_LONG) != 0 && (cs & RIGHTS_DEFAULT) != 0)
		return "27.3.1.2: CS with both L and D";
	return NULL;
}

static const char *check_stack(const struct entry_state *s)
{
	u64 ss = rights(s, ENTRY_SS), type = RIGHTS_TYPE(ss);
	bool unusual = RIGHTS_TYPE(rights(s, ENTRY_CS)) == TYPE_DATA_RW ||
		       (s->field[ENTRY_CR0] & CR0_PE) == 0;

	if (unusual && RIGHTS_DPL(ss) != 0)
		return "27.3.1.2: the DPL of SS in real mode";
	if (!is_unrestricted(s) && RIGHTS_DPL(ss) != (s->field[ENTRY_SELECTOR + ENTRY_SS] & 3))
		return "27.3.1.2: the DPL of SS differs from its RPL";
	if (!is_usable(s, ENTRY_SS))
		return NULL;
	if ((type != TYPE_DATA_RW && type != TYPE_DATA_RWE) || (ss & RIGHTS_CODE_DATA) == 0)
		return "27.3.1.2: the type of SS";
	if (!form_is_valid(s, ENTRY_SS))
		return "27.3.1.2: SS is not present, or has a reserved bit or a wrong granularity";
	return NULL;
}

static const char *check_data(const struct entry_state *s, u32 segment)
{
	u64 r = rights(s, segment), type = RIGHTS_TYPE(r);

	if (!is_usable(s, segment))
		return NULL;
	if ((type & 1) == 0 || ((type & 8) != 0 && (type & 2) == 0) || (r & RIGHTS_CODE_DATA) == 0)
		return "27.3.1.2: the type of DS, ES, FS or GS";
	if (!is_unrestricted(s) && type <= 11 &&
	    RIGHTS_DPL(r) < (s->field[ENTRY_SELECTOR + segment] & 3))
		return "27.3.1.2: the DPL of DS, ES, FS or GS is below its RPL";
	if (!form_is_valid(s, segment))
		return "27.3.1.2: DS, ES, FS or GS is not present, or has a reserved bit";
	return NULL;
}

static const char *check_system_segments(const struct entry_state *s)
{
	u64 tr = rights(s, ENTRY_TR), ldtr = rights(s, ENTRY_LDTR), type = RIGHTS_TYPE(tr);

	if (type != TYPE_TSS && (type != TYPE_TSS16 || is_ia32e(s)))
		return "27.3.1.2: the type of TR";
	if (!is_usable(s, ENTRY_TR) || (tr & RIGHTS_CODE_DATA) != 0)
		return "27.3.1.2: TR is unusable or no system segment";
	if (!form_is_valid(s, ENTRY_TR))
		return "27.3.1.2: TR is not present, or has a reserved bit or a wrong granularity";
	if (!is_usable(s, ENTRY_LDTR))
		return NULL;
	if (RIGHTS_TYPE(ldtr) != TYPE_LDT || (ldtr & RIGHTS_CODE_DATA) != 0)
		return "27.3.1.2: the type of LDTR";
	if (!form_is_valid(s, ENTRY_LDTR))
		return "27.3.1.2: LDTR is not present, or has a reserved bit or a wrong "
		       "granularity";
	return NULL;
}

static const char *check_segments(const struct entry_state *s)
{
	static const u8 data[] = { ENTRY_DS, ENTRY_ES, ENTRY_FS, ENTRY_GS };
	const char *why = check_selectors(s);

	if (why == NULL)
		why = check_bases(s);
	if (why == NULL && is_v86(s))
		why = check_v86(s);
	if (why == NULL && !is_v86(s)) {
		why = check_code(s);
		if (why == NULL)
			why = check_stack(s);
		for (u32 i = 0; why == NULL && i < ARRAY_SIZE(data); i++)
			why = check_data(s, data[i]);
	}
	return why != NULL ? why : check_system_segments(s);
}

/* --- 27.3.1.3 to 27.3.1.6 --- */

static const char *check_tables(const struct entry_state *s)
{
	const u64 *f = s->field;

	if (!entry_canonical(f[ENTRY_GDT_BASE]) || !entry_canonical(f[ENTRY_IDT_BASE]))
		return "27.3.1.3: the base of GDTR or IDTR is not canonical";
	if (f[ENTRY_GDT_LIMIT] >> 16 != 0 || f[ENTRY_IDT_LIMIT] >> 16 != 0)
		return "27.3.1.3: the limit of GDTR or IDTR";
	return NULL;
}

static const char *check_flow(const struct entry_state *s)
{
	const u64 *f = s->field;
	u64 flags = f[ENTRY_RFLAGS], event = f[ENTRY_EVENT];
	bool code64 = is_ia32e(s) && (rights(s, ENTRY_CS) & RIGHTS_LONG) != 0;

	if (!code64 && f[ENTRY_RIP] >> 32 != 0)
		return "27.3.1.4: the upper half of RIP outside 64-bit code";
	/* Bit 47 may differ from those above. */
	if (code64 && f[ENTRY_RIP] >> 48 != 0 && f[ENTRY_RIP] >> 48 != UINT16_MAX)
		return "27.3.1.4: RIP is not canonical";
	if ((flags & RFLAGS_ZERO) != 0 || (flags & RFLAGS_ONE) == 0)
		return "27.3.1.4: a fixed bit of RFLAGS";
	if (is_v86(s) && (is_ia32e(s) || (f[ENTRY_CR0] & CR0_PE) == 0))
		return "27.3.1.4: RFLAGS.VM in IA-32e mode or real mode";
	if ((event & EVENT_VALID) != 0 && EVENT_TYPE(event) == EVENT_INTERRUPT &&
	    (flags & RFLAGS_IF) == 0)
		return "27.3.1.4: an interrupt with RFLAGS.IF clear";
	return NULL;
}

static const char *check_blocking(const struct entry_state *s)
{
	u64 blocking = s->field[ENTRY_BLOCKING], event = s->field[ENTRY_EVENT];
	u64 type = (event & EVENT_VALID) != 0 ? EVENT_TYPE(event) : EVENT_OTHER;
	bool one = (blocking & (BLOCKED_STI | BLOCKED_MOV_SS)) != 0;

	if ((blocking & MASK(31, 5)) != 0)
		return "27.3.1.5: a reserved bit of interruptibility";
	if ((blocking & BLOCKED_ENCLAVE) != 0)
		return "27.3.1.5: an interrupted enclave, and guests have no SGX";
	if ((blocking & BLOCKED_STI) != 0 && (blocking & BLOCKED_MOV_SS) != 0)
		return "27.3.1.5: blocking by STI and by MOV SS";
	if ((blocking & BLOCKED_STI) != 0 && (s->field[ENTRY_RFLAGS] & RFLAGS_IF) == 0)
		return "27.3.1.5: blocking by STI with RFLAGS.IF clear";
	if (type == EVENT_INTERRUPT && one)
		return "27.3.1.5: an interrupt that STI or MOV SS blocks";
	if (type == EVENT_NMI && (blocking & BLOCKED_MOV_SS) != 0)
		return "27.3.1.5: an NMI that MOV SS blocks";
	if ((blocking & BLOCKED_SMI) != 0)
		return "27.3.1.5: blocking by SMI outside SMM";
	if (type == EVENT_NMI && (blocking & BLOCKED_NMI) != 0 &&
	    (s->field[ENTRY_PIN] & PIN_VIRTUAL_NMI) != 0)
		return "27.3.1.5: an NMI that an NMI blocks";
	return NULL;
}

static const char *check_activity(const struct entry_state *s)
{
	const u64 *f = s->field;
	u64 activity = f[ENTRY_ACTIVITY], pending = f[ENTRY_PENDING_DEBUG];
	bool one = (f[ENTRY_BLOCKING] & (BLOCKED_STI | BLOCKED_MOV_SS)) != 0;
	bool step = (f[ENTRY_RFLAGS] & RFLAGS_TF) != 0 && (f[ENTRY_DEBUGCTL] & DEBUGCTL_BTF) == 0;

	if (activity > 3 || (activity != 0 && (s->caps.misc & MISC_HLT << (activity - 1)) == 0))
		return "27.3.1.5: an activity state that the processor has not";
	if (activity == 1 && RIGHTS_DPL(rights(s, ENTRY_SS)) != 0)
		return "27.3.1.5: HLT with a DPL of SS above 0";
	if (activity != 0 && one)
		return "27.3.1.5: an activity state while STI or MOV SS blocks";
	if ((pending & ~PENDING_BITS) != 0)
		return "27.3.1.5: a reserved bit of the pending debug exceptions";
	if ((one || activity == 1) && ((pending & PENDING_BS) != 0) != step)
		return "27.3.1.5: the pending single step";
	if (f[ENTRY_LINK] != UINT64_MAX)
		return "27.3.1.5: the link pointer, which the core does not use";
	return NULL;
}

static const char *check_pdptes(const struct entry_state *s)
{
	const u64 *f = s->field;

	if ((f[ENTRY_CR0] & CR0_PG) == 0 || (f[ENTRY_CR4] & CR4_PAE) == 0 || is_ia32e(s) ||
	    (entry_secondary(s) & SECONDARY_EPT) == 0)
		return NULL;
	for (u32 i = 0; i < 4; i++) {
		u64 entry = f[ENTRY_PDPTE + i];

		if ((entry & 1) != 0 &&
		    ((entry & PDPTE_ZERO) != 0 || entry >> s->caps.address_bits != 0))
			return "27.3.1.6: a reserved bit of a PDPTE";
	}
	return NULL;
}

const char *entry_check_guest(const struct entry_state *s)
{
	static const char *(*const checks[])(const struct entry_state *s) = {
		check_control_registers, check_msrs,     check_segments, check_tables, check_flow,
		check_blocking,          check_activity, check_pdptes,
	};

	for (u32 i = 0; i < ARRAY_SIZE(checks); i++) {
		const char *why = checks[i](s);

		if (why != NULL)
			return why;
	}
	return NULL;
}
