/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the controls and of the host's state; see entry.h. SDM vol. 3, 27.2. */
#include "arch/x86_64/pure/entry.h"

#include "arch/x86_64/pure/entry_internal.h"
#include "arch/x86_64/pure/regs.h"

#define MISC_LENGTH_ZERO BIT(30)
#define EPT_ACCESSED     BIT(21)
#define CR3_TARGETS_MAX  4u

static const u32 encodings[] = {
	[ENTRY_PIN] = 0x4000,
	[ENTRY_PRIMARY] = 0x4002,
	[ENTRY_SECONDARY] = 0x401e,
	[ENTRY_EXIT_CONTROLS] = 0x400c,
	[ENTRY_CONTROLS] = 0x4012,
	[ENTRY_CR3_TARGETS] = 0x400a,
	[ENTRY_IO_A] = 0x2000,
	[ENTRY_IO_B] = 0x2002,
	[ENTRY_MSR_BITMAP] = 0x2004,
	[ENTRY_VPID] = 0x0000,
	[ENTRY_EPTP] = 0x201a,
	[ENTRY_EXIT_STORES] = 0x400e,
	[ENTRY_EXIT_LOADS] = 0x4010,
	[ENTRY_LOADS] = 0x4014,
	[ENTRY_EVENT] = 0x4016,
	[ENTRY_EVENT_ERROR] = 0x4018,
	[ENTRY_EVENT_LENGTH] = 0x401a,
	[ENTRY_HOST_CR0] = 0x6c00,
	[ENTRY_HOST_CR3] = 0x6c02,
	[ENTRY_HOST_CR4] = 0x6c04,
	[ENTRY_HOST_SYSENTER_ESP] = 0x6c10,
	[ENTRY_HOST_SYSENTER_EIP] = 0x6c12,
	[ENTRY_HOST_PAT] = 0x2c00,
	[ENTRY_HOST_EFER] = 0x2c02,
	[ENTRY_HOST_ES] = 0x0c00,
	[ENTRY_HOST_CS] = 0x0c02,
	[ENTRY_HOST_SS] = 0x0c04,
	[ENTRY_HOST_DS] = 0x0c06,
	[ENTRY_HOST_FS] = 0x0c08,
	[ENTRY_HOST_GS] = 0x0c0a,
	[ENTRY_HOST_TR] = 0x0c0c,
	[ENTRY_HOST_FS_BASE] = 0x6c06,
	[ENTRY_HOST_GS_BASE] = 0x6c08,
	[ENTRY_HOST_TR_BASE] = 0x6c0a,
	[ENTRY_HOST_GDT_BASE] = 0x6c0c,
	[ENTRY_HOST_IDT_BASE] = 0x6c0e,
	[ENTRY_HOST_RIP] = 0x6c16,
	[ENTRY_CR0] = 0x6800,
	[ENTRY_CR3] = 0x6802,
	[ENTRY_CR4] = 0x6804,
	[ENTRY_DEBUGCTL] = 0x2802,
	[ENTRY_DR7] = 0x681a,
	[ENTRY_SYSENTER_ESP] = 0x6824,
	[ENTRY_SYSENTER_EIP] = 0x6826,
	[ENTRY_PAT] = 0x2804,
	[ENTRY_EFER] = 0x2806,
	[ENTRY_GDT_BASE] = 0x6816,
	[ENTRY_IDT_BASE] = 0x6818,
	[ENTRY_GDT_LIMIT] = 0x4810,
	[ENTRY_IDT_LIMIT] = 0x4812,
	[ENTRY_RIP] = 0x681e,
	[ENTRY_RFLAGS] = 0x6820,
	[ENTRY_ACTIVITY] = 0x4826,
	[ENTRY_BLOCKING] = 0x4824,
	[ENTRY_PENDING_DEBUG] = 0x6822,
	[ENTRY_LINK] = 0x2800,
	[ENTRY_PDPTE] = 0x280a,
	[ENTRY_PDPTE + 1] = 0x280c,
	[ENTRY_PDPTE + 2] = 0x280e,
	[ENTRY_PDPTE + 3] = 0x2810,
};

_Static_assert(ARRAY_SIZE(encodings) == ENTRY_FIELDS, "an encoding for each field");

u32 entry_encoding(enum entry_field field)
{
	static const u32 bases[] = { 0x0800, 0x6806, 0x4800, 0x4814 };
	u32 index = (u32)field - ENTRY_SELECTOR;

	if (index < 4 * ENTRY_SEGMENTS)
		return bases[index / ENTRY_SEGMENTS] + 2 * (index % ENTRY_SEGMENTS);
	return encodings[field];
}

static bool entry_fits(u64 value, u64 capability)
{
	return (~value & (u32)capability) == 0 && (value & ~(capability >> 32)) == 0;
}

/* A physical address that is aligned to a page. */
static bool is_page(const struct entry_state *s, u64 address)
{
	return address % PAGE_SIZE == 0 && address >> s->caps.address_bits == 0;
}

static const char *check_fixed_bits(const struct entry_state *s)
{
	const u64 *f = s->field;

	if (!entry_fits(f[ENTRY_PIN], s->caps.pin))
		return "27.2.1.1: a reserved bit of the pin-based controls";
	if (!entry_fits(f[ENTRY_PRIMARY], s->caps.primary))
		return "27.2.1.1: a reserved bit of the primary controls";
	if ((f[ENTRY_PRIMARY] & PRIMARY_SECONDARY) != 0 &&
	    !entry_fits(f[ENTRY_SECONDARY], s->caps.secondary))
		return "27.2.1.1: a reserved bit of the secondary controls";
	if (!entry_fits(f[ENTRY_EXIT_CONTROLS], s->caps.exit))
		return "27.2.1.2: a reserved bit of the exit controls";
	if (!entry_fits(f[ENTRY_CONTROLS], s->caps.entry))
		return "27.2.1.3: a reserved bit of the entry controls";
	return NULL;
}

static const char *check_eptp(const struct entry_state *s, u64 eptp)
{
	if ((eptp & 7) != 0 && (eptp & 7) != EPTP_WRITE_BACK)
		return "27.2.1.1: the memory type of the EPT pointer";
	if ((eptp & MASK(5, 3)) != EPTP_LEVELS)
		return "27.2.1.1: the EPT pointer's walk is not of 4 levels";
	if ((eptp & BIT(6)) != 0 && (s->caps.ept_vpid & EPT_ACCESSED) == 0)
		return "27.2.1.1: accessed flags of EPT, which the processor has not";
	if ((eptp & MASK(11, 7)) != 0 || eptp >> s->caps.address_bits != 0)
		return "27.2.1.1: a reserved bit of the EPT pointer";
	return NULL;
}

static const char *check_secondary(const struct entry_state *s)
{
	u64 primary = s->field[ENTRY_PRIMARY];
	u64 secondary = entry_secondary(s);
	u64 apic = SECONDARY_X2APIC | SECONDARY_APIC_REGISTER | SECONDARY_DELIVERY;

	if ((primary & PRIMARY_TPR_SHADOW) == 0 && (secondary & apic) != 0)
		return "27.2.1.1: APIC virtualisation without the TPR shadow";
	if ((secondary & SECONDARY_X2APIC) != 0 && (secondary & SECONDARY_APIC_ACCESS) != 0)
		return "27.2.1.1: x2APIC mode together with APIC accesses";
	if ((secondary & SECONDARY_DELIVERY) != 0 && (s->field[ENTRY_PIN] & PIN_INTERRUPT) == 0)
		return "27.2.1.1: interrupt delivery without interrupt exits";
	if ((secondary & SECONDARY_VPID) != 0 && s->field[ENTRY_VPID] == 0)
		return "27.2.1.1: VPID 0";
	if ((secondary & SECONDARY_UNRESTRICTED) != 0 && (secondary & SECONDARY_EPT) == 0)
		return "27.2.1.1: an unrestricted guest without EPT";
	if ((secondary & SECONDARY_PML) != 0 && (secondary & SECONDARY_EPT) == 0)
		return "27.2.1.1: page-modification logging without EPT";
	if ((secondary & SECONDARY_EPT) != 0)
		return check_eptp(s, s->field[ENTRY_EPTP]);
	return NULL;
}

static const char *check_execution(const struct entry_state *s)
{
	const u64 *f = s->field;
	u64 primary = f[ENTRY_PRIMARY], pin = f[ENTRY_PIN];

	if (f[ENTRY_CR3_TARGETS] > CR3_TARGETS_MAX)
		return "27.2.1.1: more than 4 CR3 targets";
	if ((primary & PRIMARY_IO_BITMAPS) != 0 &&
	    (!is_page(s, f[ENTRY_IO_A]) || !is_page(s, f[ENTRY_IO_B])))
		return "27.2.1.1: the address of an I/O bitmap";
	if ((primary & PRIMARY_MSR_BITMAP) != 0 && !is_page(s, f[ENTRY_MSR_BITMAP]))
		return "27.2.1.1: the address of the MSR bitmap";
	if ((pin & PIN_VIRTUAL_NMI) != 0 && (pin & PIN_NMI) == 0)
		return "27.2.1.1: virtual NMIs without NMI exits";
	if ((primary & PRIMARY_NMI_WINDOW) != 0 && (pin & PIN_VIRTUAL_NMI) == 0)
		return "27.2.1.1: the NMI window without virtual NMIs";
	if ((pin & PIN_POSTED) != 0 && (entry_secondary(s) & SECONDARY_DELIVERY) == 0)
		return "27.2.1.1: posted interrupts without interrupt delivery";
	return check_secondary(s);
}

static const char *check_areas(const struct entry_state *s)
{
	const u64 *f = s->field;

	if ((f[ENTRY_PIN] & PIN_PREEMPTION) == 0 &&
	    (f[ENTRY_EXIT_CONTROLS] & EXIT_SAVE_PREEMPTS) != 0)
		return "27.2.1.2: the preemption timer is saved and not active";
	if (f[ENTRY_EXIT_STORES] != 0 || f[ENTRY_EXIT_LOADS] != 0)
		return "27.2.1.2: lists of MSRs at exits, which the core does not use";
	if (f[ENTRY_LOADS] != 0)
		return "27.2.1.3: a list of MSRs at entries, which the core does not use";
	if ((f[ENTRY_CONTROLS] & (ENTER_SMM | ENTER_DUAL)) != 0)
		return "27.2.1.3: an entry to SMM from outside SMM";
	return NULL;
}

/* Vectors of NMIs and exceptions; the type that no processor has. */
static const char *check_vector(u64 type, u64 vector)
{
	if (type == 1)
		return "27.2.1.3: a reserved type of event";
	if (type == EVENT_NMI && vector != 2)
		return "27.2.1.3: an NMI with another vector than 2";
	if (type == EVENT_EXCEPTION && vector > 31)
		return "27.2.1.3: an exception with a vector above 31";
	if (type == EVENT_OTHER && vector != 0)
		return "27.2.1.3: another event with a vector";
	return NULL;
}

static const char *check_event(const struct entry_state *s)
{
	u64 event = s->field[ENTRY_EVENT], type = EVENT_TYPE(event), vector = event & 0xff;
	u64 length = s->field[ENTRY_EVENT_LENGTH];
	bool real = (entry_secondary(s) & SECONDARY_UNRESTRICTED) != 0 &&
		    (s->field[ENTRY_CR0] & CR0_PE) == 0;
	bool pushes = !real && type == EVENT_EXCEPTION && entry_event_has_error(vector);
	const char *why = check_vector(type, vector);

	if ((event & EVENT_VALID) == 0)
		return NULL;
	if (why != NULL)
		return why;
	if (((event & EVENT_HAS_ERROR) != 0) != pushes)
		return "27.2.1.3: the event's error code";
	if ((event & MASK(30, 12)) != 0)
		return "27.2.1.3: a reserved bit of the event";
	if (pushes && s->field[ENTRY_EVENT_ERROR] >> 16 != 0)
		return "27.2.1.3: a reserved bit of the error code";
	if (type < EVENT_SOFT_INT || type > EVENT_SOFT_TRAP)
		return NULL;
	if (length > 15 || (length == 0 && (s->caps.misc & MISC_LENGTH_ZERO) == 0))
		return "27.2.1.3: the length of the event's instruction";
	return NULL;
}

const char *entry_check_controls(const struct entry_state *s)
{
	const char *why = check_fixed_bits(s);

	if (why == NULL)
		why = check_execution(s);
	if (why == NULL)
		why = check_areas(s);
	if (why == NULL)
		why = check_event(s);
	return why;
}

static const char *check_host_registers(const struct entry_state *s)
{
	const u64 *f = s->field;
	const struct entry_caps *c = &s->caps;

	if ((~f[ENTRY_HOST_CR0] & c->cr0_fixed0) != 0 || (f[ENTRY_HOST_CR0] & ~c->cr0_fixed1) != 0)
		return "27.2.2: a fixed bit of the host's CR0";
	if ((~f[ENTRY_HOST_CR4] & c->cr4_fixed0) != 0 || (f[ENTRY_HOST_CR4] & ~c->cr4_fixed1) != 0)
		return "27.2.2: a fixed bit of the host's CR4";
	if (f[ENTRY_HOST_CR3] >> c->address_bits != 0)
		return "27.2.2: the host's CR3";
	if (!entry_canonical(f[ENTRY_HOST_SYSENTER_ESP]) ||
	    !entry_canonical(f[ENTRY_HOST_SYSENTER_EIP]))
		return "27.2.2: SYSENTER of the host is not canonical";
	if ((f[ENTRY_EXIT_CONTROLS] & EXIT_LOAD_PAT) != 0 && !entry_pat_is_valid(f[ENTRY_HOST_PAT]))
		return "27.2.2: the host's PAT";
	if ((f[ENTRY_EXIT_CONTROLS] & EXIT_LOAD_EFER) == 0)
		return NULL;
	if ((f[ENTRY_HOST_EFER] & ~ENTRY_EFER_BITS) != 0)
		return "27.2.2: a reserved bit of the host's EFER";
	if ((f[ENTRY_HOST_EFER] & (EFER_LMA | EFER_LME)) != (EFER_LMA | EFER_LME))
		return "27.2.2: the host's EFER without long mode";
	return NULL;
}

static const char *check_host_segments(const struct entry_state *s)
{
	const u64 *f = s->field;

	for (u32 i = ENTRY_HOST_ES; i <= ENTRY_HOST_TR; i++)
		if ((f[i] & 7) != 0)
			return "27.2.3: a selector of the host with RPL or TI";
	if (f[ENTRY_HOST_CS] == 0)
		return "27.2.3: the host's CS is 0";
	if (f[ENTRY_HOST_TR] == 0)
		return "27.2.3: the host's TR is 0";
	for (u32 i = ENTRY_HOST_FS_BASE; i <= ENTRY_HOST_IDT_BASE; i++)
		if (!entry_canonical(f[i]))
			return "27.2.3: a base of the host is not canonical";
	return NULL;
}

const char *entry_check_host(const struct entry_state *s)
{
	const char *why = check_host_registers(s);

	if (why == NULL)
		why = check_host_segments(s);
	if (why != NULL)
		return why;
	if ((s->field[ENTRY_EXIT_CONTROLS] & EXIT_HOST64) == 0)
		return "27.2.4: the host is not in 64-bit mode";
	if ((s->field[ENTRY_HOST_CR4] & CR4_PAE) == 0)
		return "27.2.4: the host's CR4 without PAE";
	if (!entry_canonical(s->field[ENTRY_HOST_RIP]))
		return "27.2.4: the host's RIP is not canonical";
	return NULL;
}

const char *entry_check(const struct entry_state *s)
{
	const char *why = entry_check_controls(s);

	if (why == NULL)
		why = entry_check_host(s);
	if (why == NULL)
		why = entry_check_guest(s);
	return why;
}
