/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI tables: see acpi.h. Offsets are those of ACPI 6.5 §5.2 and of the SPCR specification. */
#include "arch/x86_64/pure/acpi.h"

#include <mullion/string.h>

#define RSDP_SIGNATURE "RSD PTR "
#define RSDP_BYTES     20u /* of revision 0 */
#define RSDP_BYTES_2   36u
#define RSDP_ALIGN     16u

#define HEADER_BYTES 36u
#define TABLE_MAX    KIB(64) /* larger ones are not read: none that the core needs is */
#define TABLES_MAX   128u

#define FADT_BYTES    116u /* of revision 1 */
#define FADT_BYTES_2  129u /* with the reset register */
#define FADT_BYTES_3  220u /* with 64-bit addresses */
#define FADT_TMR_32   BIT(8)
#define FADT_RESET    BIT(10)
#define FADT_REDUCED  BIT(20)
#define PM_TIMER_SIZE 4u

#define MADT_FIRST     44u
#define MADT_LAPIC     0u
#define MADT_IOAPIC    1u
#define MADT_OVERRIDE  2u
#define MADT_LAPIC_64  5u
#define MADT_X2APIC    9u
#define MADT_CAN_START 3u /* enabled, or may be */
#define MADT_POLARITY  3u
#define MADT_LOW       3u
#define MADT_TRIGGER   (3u << 2)
#define MADT_LEVEL     (3u << 2)
#define APIC_ID_ALL    0xffu

#define GAS_MEMORY 0u
#define GAS_PORT   1u

#define MCFG_FIRST   44u
#define MCFG_ENTRY   16u
#define IOMMU_FIRST  48u /* structure in a DMAR or IVRS */
#define DMAR_UNIT    0u
#define IVRS_UNIT    0x10u
#define IVRS_UNIT_11 0x11u
#define IVRS_UNIT_40 0x40u

#define SPCR_BYTES   60u
#define SPCR_16550   0u
#define SPCR_16550_2 1u
#define SPCR_PC_AT   BIT(0)

static u32 get16(const u8 *at)
{
	return at[0] | (u32)at[1] << 8;
}

static u32 get32(const u8 *at)
{
	return get16(at) | get16(at + 2) << 16;
}

static u64 get64(const u8 *at)
{
	return get32(at) | (u64)get32(at + 4) << 32;
}

static bool sum_is_zero(const u8 *at, u64 bytes)
{
	u8 sum = 0;

	for (u64 i = 0; i < bytes; i++)
		sum = (u8)(sum + at[i]);
	return sum == 0;
}

/* A generic address structure (§5.2.3.2); an unknown space counts as none. */
static struct host_register get_register(const u8 *at)
{
	struct host_register reg = { REGISTER_NONE, get64(at + 4) };

	if (reg.address != 0 && at[0] == GAS_MEMORY)
		reg.space = REGISTER_MEMORY;
	if (reg.address != 0 && at[0] == GAS_PORT && reg.address <= UINT16_MAX)
		reg.space = REGISTER_PORT;
	return reg;
}

/* --- Tables --------------------------------------------------------------------------------- */

/* §5.2.9 */
static void read_fadt(struct host_facts *facts, const u8 *table, u32 bytes)
{
	u32 flags;

	if (bytes < FADT_BYTES)
		return;
	flags = get32(table + 112);
	if ((flags & FADT_REDUCED) == 0) {
		facts->pm1a_control = get32(table + 64) & UINT16_MAX;
		facts->pm1b_control = get32(table + 68) & UINT16_MAX;
		if (table[91] == PM_TIMER_SIZE)
			facts->pm_timer = get32(table + 76) & UINT16_MAX;
		facts->pm_timer_32 = (flags & FADT_TMR_32) != 0;
	}
	if (bytes >= FADT_BYTES_2 && (flags & FADT_RESET) != 0) {
		facts->reset = get_register(table + 116);
		facts->reset_value = table[128];
	}
	if (bytes >= FADT_BYTES_3 && (flags & FADT_REDUCED) == 0) {
		struct host_register timer = get_register(table + 208);

		if (timer.space == REGISTER_PORT)
			facts->pm_timer = (u32)timer.address;
	}
}

static void acpi_add_ioapic(struct host_facts *facts, u64 base, u32 gsi_base)
{
	if (facts->num_ioapics < X86_MAX_IOAPICS && base != 0)
		facts->ioapics[facts->num_ioapics++] = (struct facts_ioapic){ base, gsi_base };
}

static void acpi_add_override(struct host_facts *facts, const u8 *record)
{
	u32 flags = get16(record + 8);

	if (facts->num_overrides == FACTS_MAX_OVERRIDES || record[2] != 0)
		return;
	facts->overrides[facts->num_overrides++] = (struct facts_override){
		.isa_irq = record[3],
		.gsi = get32(record + 4),
		.level = (flags & MADT_TRIGGER) == MADT_LEVEL,
		.low = (flags & MADT_POLARITY) == MADT_LOW,
	};
}

/* One record of the MADT, of @bytes (§5.2.12). Short ones are passed over. */
static void read_record(struct host_facts *facts, const u8 *record, u32 bytes)
{
	switch (record[0]) {
	case MADT_LAPIC:
		if (bytes >= 8 && record[3] != APIC_ID_ALL &&
		    (get32(record + 4) & MADT_CAN_START) != 0)
			facts_add_cpu(facts, record[3]);
		break;
	case MADT_X2APIC:
		if (bytes >= 16 && (get32(record + 8) & MADT_CAN_START) != 0)
			facts_add_cpu(facts, get32(record + 4));
		break;
	case MADT_IOAPIC:
		if (bytes >= 12)
			acpi_add_ioapic(facts, get32(record + 4), get32(record + 8));
		break;
	case MADT_OVERRIDE:
		if (bytes >= 10)
			acpi_add_override(facts, record);
		break;
	case MADT_LAPIC_64:
		if (bytes >= 12)
			facts->lapic = get64(record + 4);
		break;
	default: break;
	}
}

static enum err read_madt(struct host_facts *facts, const u8 *table, u32 bytes)
{
	if (bytes < MADT_FIRST)
		return ERR_FORMAT;
	facts->lapic = get32(table + 36);
	for (u32 at = MADT_FIRST; at < bytes;) {
		u32 length = at + 2 <= bytes ? table[at + 1] : 0;

		if (length < 2 || length > bytes - at)
			return ERR_FORMAT;
		read_record(facts, table + at, length);
		at += length;
	}
	return OK;
}

static void read_hpet(struct host_facts *facts, const u8 *table, u32 bytes)
{
	if (bytes >= 56 && table[40] == GAS_MEMORY)
		facts->hpet = get64(table + 44);
}

static void read_mcfg(struct host_facts *facts, const u8 *table, u32 bytes)
{
	for (u32 at = MCFG_FIRST; at + MCFG_ENTRY <= bytes; at += MCFG_ENTRY)
		facts_add_ecam(facts, get64(table + at), get16(table + at + 8), table[at + 10],
			       table[at + 11]);
}

/* Intel VT-d 4.1 §8.1, §8.3: the units' registers. */
static void read_dmar(struct host_facts *facts, const u8 *table, u32 bytes)
{
	for (u32 at = IOMMU_FIRST; at + 16 <= bytes;) {
		u32 length = get16(table + at + 2);

		if (length < 4 || length > bytes - at)
			return;
		if (get16(table + at) == DMAR_UNIT && length >= 16)
			facts_add_iommu(facts, get64(table + at + 8), false);
		at += length;
	}
}

/* AMD I/O Virtualization Technology 3.05 §5.2.2: one unit may have a block of each type. */
static void read_ivrs(struct host_facts *facts, const u8 *table, u32 bytes)
{
	for (u32 at = IOMMU_FIRST; at + 16 <= bytes;) {
		u32 length = get16(table + at + 2), type = table[at];

		if (length < 4 || length > bytes - at)
			return;
		if ((type == IVRS_UNIT || type == IVRS_UNIT_11 || type == IVRS_UNIT_40) &&
		    length >= 16)
			facts_add_iommu(facts, get64(table + at + 8), true);
		at += length;
	}
}

static void read_spcr(struct host_facts *facts, const u8 *table, u32 bytes)
{
	if (bytes < SPCR_BYTES || (table[36] != SPCR_16550 && table[36] != SPCR_16550_2))
		return;
	facts->uart = get_register(table + 40);
	facts->uart_gsi = (table[52] & SPCR_PC_AT) != 0 ? table[53] : UINT32_MAX;
}

/* --- The way to them -------------------------------------------------------------------------- */

static const u8 *acpi_map(const struct acpi_memory *memory, u64 pa, u64 bytes)
{
	return pa == 0 || pa + bytes < pa ? NULL : memory->map(memory->context, pa, bytes);
}

/* The whole table at @pa; NULL unless it can be read and its checksum is right. */
static const u8 *acpi_map_table(const struct acpi_memory *memory, u64 pa, u32 *bytes)
{
	const u8 *table = acpi_map(memory, pa, HEADER_BYTES);

	if (table == NULL)
		return NULL;
	*bytes = get32(table + 4);
	if (*bytes < HEADER_BYTES || *bytes > TABLE_MAX)
		return NULL;
	table = acpi_map(memory, pa, *bytes);
	return table != NULL && sum_is_zero(table, *bytes) ? table : NULL;
}

static enum err read_table(const struct acpi_memory *memory, struct host_facts *facts, u64 pa,
			   bool *has_madt)
{
	u32 bytes;
	const u8 *table = acpi_map_table(memory, pa, &bytes);

	if (table == NULL)
		return OK;
	if (memcmp(table, "APIC", 4) == 0) {
		if (*has_madt)
			return OK; /* the first one counts */
		*has_madt = true;
		return read_madt(facts, table, bytes);
	}
	if (memcmp(table, "FACP", 4) == 0)
		read_fadt(facts, table, bytes);
	else if (memcmp(table, "HPET", 4) == 0)
		read_hpet(facts, table, bytes);
	else if (memcmp(table, "SPCR", 4) == 0)
		read_spcr(facts, table, bytes);
	else if (memcmp(table, "MCFG", 4) == 0)
		read_mcfg(facts, table, bytes);
	else if (memcmp(table, "DMAR", 4) == 0)
		read_dmar(facts, table, bytes);
	else if (memcmp(table, "IVRS", 4) == 0)
		read_ivrs(facts, table, bytes);
	return OK;
}

/* The root table: an XSDT of 8-byte entries, or an RSDT of 4-byte ones. */
static enum err read_root(const struct acpi_memory *memory, struct host_facts *facts, u64 pa,
			  bool wide)
{
	u32 bytes, step = wide ? 8 : 4;
	const u8 *root = acpi_map_table(memory, pa, &bytes);
	bool has_madt = false;
	enum err err = OK;

	if (root == NULL || memcmp(root, wide ? "XSDT" : "RSDT", 4) != 0)
		return ERR_NOT_FOUND;
	for (u32 i = 0; err == OK && i < TABLES_MAX && HEADER_BYTES + (i + 1) * step <= bytes;
	     i++) {
		const u8 *entry = root + HEADER_BYTES + i * step;

		err = read_table(memory, facts, wide ? get64(entry) : get32(entry), &has_madt);
	}
	if (err == OK && !has_madt)
		err = ERR_NOT_FOUND;
	return err;
}

static bool is_rsdp(const u8 *at)
{
	return memcmp(at, RSDP_SIGNATURE, 8) == 0 && sum_is_zero(at, RSDP_BYTES);
}

enum err acpi_read(const struct acpi_memory *memory, struct host_facts *facts)
{
	const u8 *rsdp = acpi_map(memory, facts->rsdp, RSDP_BYTES);
	enum err err = ERR_NOT_FOUND;

	if (rsdp == NULL || !is_rsdp(rsdp))
		return ERR_NOT_FOUND;
	facts->uart_gsi = UINT32_MAX;
	if (rsdp[15] >= 2) {
		rsdp = acpi_map(memory, facts->rsdp, RSDP_BYTES_2);
		if (rsdp != NULL && get64(rsdp + 24) != 0 && sum_is_zero(rsdp, RSDP_BYTES_2))
			err = read_root(memory, facts, get64(rsdp + 24), true);
	}
	if (err == ERR_NOT_FOUND && rsdp != NULL)
		err = read_root(memory, facts, get32(rsdp + 16), false);
	return err;
}

u64 acpi_find_rsdp(const u8 *area, u64 pa, u64 bytes)
{
	for (u64 at = 0; at + RSDP_BYTES <= bytes; at += RSDP_ALIGN)
		if (is_rsdp(area + at))
			return pa + at;
	return 0;
}
